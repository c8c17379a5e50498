// The rules for schema.graphql, and what is excepted from them. Run it in the root of the repository.

import graphql from '@graphql-eslint/eslint-plugin';

const { configs, parser } = graphql;

/** Types that no field uses, but that clients need. */
const UNREACHABLE = {
  // Errors are not typed in GraphQL, so only this enum tells code generators the values of `extensions.code`.
  ErrorCode: 'Enum type `ErrorCode` is unreachable.',
};

const EXCEPTIONS = {
  // The printer decides: a text of one line stands in quotes, a longer one in a block.
  '@graphql-eslint/description-style': 'off',
  '@graphql-eslint/relay-edge-types': [
    'error',
    // `nodes` of connections is a shorthand; lists that cannot grow (labels, columns, changes) have no pages.
    { listTypeCanWrapOnlyEdgeType: false },
  ],
  '@graphql-eslint/strict-id-in-types': [
    'error',
    {
      exceptions: {
        types: [
          // A part of an event, which has an ID.
          'FieldChange',
          // Relay's specification gives it no ID.
          'PageInfo',
        ],
        // They are answers and pages; what they contain has an ID.
        suffixes: ['Payload', 'Connection', 'Edge'],
      },
    },
  ],
};

// The rule has no options, and schema.graphql is printed, so it cannot contain comments for the linter.
const isExcepted = ({ ruleId, message }) =>
  ruleId === '@graphql-eslint/no-unreachable-types' && Object.values(UNREACHABLE).includes(message);

const processor = {
  meta: { name: 'exceptions', version: '1' },
  preprocess: (text) => [text],
  postprocess: ([messages]) => messages.filter((message) => !isExcepted(message)),
};

export default [
  {
    files: ['**/*.graphql'],
    languageOptions: { parser, parserOptions: { graphQLConfig: { schema: 'schema.graphql' } } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { '@graphql-eslint': graphql },
    processor,
    rules: {
      ...configs['flat/schema-recommended'].rules,
      ...configs['flat/schema-relay'].rules,
      ...EXCEPTIONS,
    },
  },
];
