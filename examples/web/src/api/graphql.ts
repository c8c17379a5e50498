import { initGraphQLTada } from 'gql.tada';
import type { introspection } from '../generated/introspection';

/** Writes a typed document. The types come from schema.graphql. */
export const graphql = initGraphQLTada<{ introspection: introspection; scalars: { DateTime: string } }>();

export { type FragmentOf, type ResultOf, readFragment, type VariablesOf } from 'gql.tada';

export type CardColumn = ReturnType<typeof graphql.scalar<'CardColumn'>>;
export type LabelColor = ReturnType<typeof graphql.scalar<'LabelColor'>>;
export type BoardRole = ReturnType<typeof graphql.scalar<'BoardRole'>>;
/** A type that no document uses can be named, too. */
export type ErrorCode = ReturnType<typeof graphql.scalar<'ErrorCode'>>;
