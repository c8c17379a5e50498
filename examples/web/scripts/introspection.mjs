// Writes the schema as JSON, without descriptions, for the cache of urql.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { minifyIntrospectionQuery } from '@urql/introspection';
import { buildSchema, introspectionFromSchema } from 'graphql';

const schema = buildSchema(readFileSync('../../schema.graphql', 'utf8'));
mkdirSync('src/generated', { recursive: true });
writeFileSync('src/generated/schema.json', JSON.stringify(minifyIntrospectionQuery(introspectionFromSchema(schema))));
