// The differences that are meant to be, each with its reason.

const text = (request) => (typeof request === 'string' ? request : request.query);

/** `matches(request, difference)` tells whether this is the one. */
export const known = [
  {
    why: 'A variable that is null where a value is required is refused before anything runs, so that no mutation is half done; graphql-js lets the field alone fail.',
    matches: (_, difference) => /Variable \$\w+ is null where a value is required/.test(difference),
  },
  {
    why: '__typename is a String! like any other field for "fields in set can merge"; graphql-js does not compare its type.',
    matches: (request, difference) => {
      const key = difference.match(/must not select different types using the same name `(\w+)`/)?.[1];
      return key !== undefined && new RegExp(`\\b${key}\\s*:\\s*__typename`).test(text(request));
    },
  },
  {
    why: 'apollo-compiler 1.33 does not know __Type.isOneOf, which introspection queries ask for only on request; the schema has no such input.',
    matches: (_, difference) => /isOneOf|oneOf/.test(difference),
  },
];
