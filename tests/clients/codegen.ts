import type { CodegenConfig } from '@graphql-codegen/cli';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: 'src/documents.ts',
  generates: {
    // The function `graphql`, and the types of the documents.
    'src/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false },
      config: {
        scalars: { DateTime: 'string', ID: 'string' },
        // A scalar without a type here is an error, instead of `any`.
        strictScalars: true,
        useTypeImports: true,
        importExtension: '.js',
      },
    },
    // All enums, also those that no document uses: `ErrorCode`.
    'src/gql/enums.ts': { plugins: ['typescript'], config: { onlyEnums: true, enumsAsTypes: true } },
    // The types of each interface, for Apollo Client.
    'src/gql/possible_types.ts': { plugins: ['fragment-matcher'], config: { useExplicitTyping: true } },
    // The schema, for the cache of urql.
    'src/urql/schema.json': { plugins: ['introspection'], config: { minify: true, descriptions: false } },
  },
};

export default config;
