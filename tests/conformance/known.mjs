// The intended differences from graphql-js, each with its reason.

import { Lexer, OverlappingFieldsCanBeMergedRule, parse, Source, TokenKind, validate } from 'graphql';

const text = (request) => (typeof request === 'string' ? request : request.query);

/** The document with each block string written as a plain string with the same value. */
function withPlainStrings(query) {
  const lexer = new Lexer(new Source(query));
  let [plain, end] = ['', 0];
  for (let token = lexer.advance(); token.kind !== TokenKind.EOF; token = lexer.advance()) {
    if (token.kind !== TokenKind.BLOCK_STRING) continue;
    plain += query.slice(end, token.start) + JSON.stringify(token.value);
    end = token.end;
  }
  return plain + query.slice(end);
}

/** `matches(request, difference, schema)` returns whether a difference is this one. */
export const known = [
  {
    why: 'A null variable in a non-null position is refused before execution, so that no mutation is half done. In graphql-js only the field fails.',
    matches: (_, difference) => /Variable \$\w+ must not be null/.test(difference),
  },
  {
    why: 'In "Field Selection Merging", __typename is compared as a String! field. graphql-js does not compare its type.',
    matches: (request, difference) => {
      const key = difference.match(/must not select different types using the same name `(\w+)`/)?.[1];
      return key !== undefined && new RegExp(`\\b${key}\\s*:\\s*__typename`).test(text(request));
    },
  },
  {
    why: 'apollo-compiler 1.33 does not support __Type.isOneOf. Introspection queries select it only by option, and the schema has no OneOf input object.',
    matches: (request, difference) =>
      /^directives oneOf: nothing\n.*$/.test(difference) || (/\bisOneOf\b/.test(text(request)) && /isOneOf/.test(difference)),
  },
  {
    why: 'Two strings with the same value are equal arguments in "Field Selection Merging", also if one is a block string. graphql-js compares their text.',
    matches: (request, difference, schema) =>
      /conflict because they have differing arguments/.test(difference) &&
      validate(schema, parse(withPlainStrings(text(request))), [OverlappingFieldsCanBeMergedRule]).length === 0,
  },
  {
    why: 'The specification of September 2025 does not allow @skip and @include on the root fields of a subscription. graphql-js 16 does not check this.',
    matches: (request, difference) => /^refused/.test(difference) && /subscription\b[^{]*\{\w+ @(skip|include)/.test(text(request)),
  },
];
