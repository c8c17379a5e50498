import type { CodegenConfig } from '@graphql-codegen/cli';
import { addTypenameSelectionDocumentTransform } from '@graphql-codegen/client-preset';

const config: CodegenConfig = {
  schema: '../../schema.graphql',
  documents: 'src/documents.ts',
  generates: {
    // The list is `persisted-documents.json` in this folder.
    'src/persisted/gql/': {
      preset: 'client',
      presetConfig: { fragmentMasking: false, persistedDocuments: true },
      // Caches add __typename to documents, so the listed ones must have it.
      documentTransforms: [addTypenameSelectionDocumentTransform],
      config: { scalars: { DateTime: 'string', ID: 'string' }, useTypeImports: true, importExtension: '.js' },
    },
  },
};

export default config;
