// The intended differences from graphql-js, each with its reason.

const text = (request) => (typeof request === 'string' ? request : request.query);

/** `matches(request, difference)` returns whether a difference is this one. */
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
    matches: (_, difference) => /isOneOf|oneOf/.test(difference),
  },
  {
    why: 'Two strings with the same value are equal arguments in "Field Selection Merging", also if one is a block string. graphql-js compares their text.',
    matches: (request, difference) => /conflict because they have differing arguments/.test(difference) && text(request).includes('"""'),
  },
  {
    why: 'The specification of September 2025 does not allow @skip and @include on the root fields of a subscription. graphql-js 16 does not check this.',
    matches: (request, difference) => /^refused/.test(difference) && /subscription\b[^{]*\{\w+ @(skip|include)/.test(text(request)),
  },
];
