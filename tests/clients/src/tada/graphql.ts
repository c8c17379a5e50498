import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './introspection.js';

export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string };
  disableMasking: true;
}>();

export type { ResultOf, VariablesOf } from 'gql.tada';

/** Also types that no document uses. */
export type ErrorCode = ReturnType<typeof graphql.scalar<'ErrorCode'>>;
