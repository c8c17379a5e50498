// The expected response to a request, computed with graphql-js.

import { execute, GraphQLError, getLocation, parse, specifiedRules, validate } from 'graphql';

/** A limit of graphql-js that is not a rule of the specification. */
const LIMIT = 'MaxIntrospectionDepthRule';

/** A rule of the specification (Operation Type Existence) that graphql-js has from version 17 on. */
function KnownOperationTypesRule(context) {
  return {
    OperationDefinition(node) {
      if (context.getSchema().getRootType(node.operation)) return;
      context.reportError(new GraphQLError(`There is no ${node.operation} type.`, { nodes: node }));
    },
  };
}

/** The rules of the specification. */
export const rules = [...specifiedRules.filter(({ name }) => name !== LIMIT), KnownOperationTypesRule];

/**
 * The response to a request: `{ refused: code, place }`, or `{ data, errors, thrown }`, where `thrown` has the paths of
 * all fields that failed. `unknown` is true if the data cannot be predicted.
 */
export async function answer(schema, rootValue, { query, variables, operationName }) {
  let document;
  try {
    document = parse(query);
  } catch (error) {
    return { refused: 'GRAPHQL_PARSE_FAILED', place: error.locations?.[0], message: error.message };
  }
  const invalid = validate(schema, document, rules)[0];
  if (invalid) return refusal(invalid);
  const contextValue = { thrown: [], unknown: false };
  const result = await execute({
    schema,
    document,
    rootValue,
    contextValue,
    variableValues: JSON.parse(variables ?? 'null') ?? {},
    operationName: operationName || undefined,
  });
  if (!('data' in result)) return refusal(result.errors[0]);
  // Sibling fields of one that failed may still be executing.
  await new Promise(setImmediate);
  const { data, errors = [] } = result;
  return { data, errors, ...contextValue, thrown: [...contextValue.thrown, ...errors.map(({ path }) => path ?? [])] };
}

function refusal(error) {
  const place = error.source && error.positions && getLocation(error.source, error.positions[0]);
  return { refused: 'GRAPHQL_VALIDATION_FAILED', place, message: error.message };
}
