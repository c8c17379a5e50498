// Introspection: parts of the schema and the whole schema.

import { getIntrospectionQuery, specifiedDirectives, specifiedScalarTypes } from 'graphql';

const type = (name, selection) => `{__type(name:"${name}"){${selection}}}`;

const parts = [
  '{__schema{queryType{name} mutationType{name} subscriptionType{name}}}',
  '{__schema{__typename queryType{__typename kind fields{__typename args{__typename}}}}}',
  '{__schema{description}}',
  type('Nope', 'name'),
  type('', 'name'),
  type('User', '__typename kind name description fields{name type{kind name ofType{name}}}'),
  type(
    'User',
    'interfaces{name} possibleTypes{name} enumValues{name} inputFields{name} ofType{name} specifiedByURL isOneOf',
  ),
  type('Node', 'kind fields{name} interfaces{name} enumValues{name} inputFields{name}'),
  type('BoardEvent', 'kind interfaces{name} fields{name description}'),
  type('CardColumn', 'kind enumValues{name description isDeprecated deprecationReason} fields{name} interfaces{name}'),
  type(
    'CardFilter',
    'kind isOneOf inputFields{name type{kind ofType{kind name ofType{name}}} defaultValue} fields{name} interfaces{name}',
  ),
  type(
    'CardInput',
    'inputFields(includeDeprecated:true){name description defaultValue isDeprecated deprecationReason}',
  ),
  type('CardInput', 'inputFields{defaultValue}'),
  type('DateTime', 'kind description specifiedByURL fields{name} interfaces{name}'),
  ...['ID', 'Int', 'Boolean', 'String', 'Float'].map((name) =>
    type(name, 'kind name specifiedByURL interfaces{name} fields{name}'),
  ),
  type('__Schema', 'kind fields{name}'),
  type('__TypeKind', 'enumValues{name}'),
  type('__InputValue', 'fields{name}'),
  type('__EnumValue', 'fields{name}'),
  type(
    'Board',
    'fields(includeDeprecated:true){name isDeprecated deprecationReason args(includeDeprecated:true){name isDeprecated}}',
  ),
  type('Board', 'fields(includeDeprecated:false){name args{name defaultValue description}}'),
  type('Query', 'fields{name type{kind name ofType{kind name ofType{kind ofType{kind name}}}}}'),
  type('Mutation', 'fields{name args{name type{kind ofType{name}}}}'),
  'query($n:String!="User"){__type(name:$n){name}}',
  ['query($n:String!){__type(name:$n){name}}', '{"n":"Card"}'],
  '{viewer{id} __schema{queryType{name}} board(id:"BOARD_ID"){title}}',
  '{__schema{queryType{...F}}} fragment F on __Type{name ...on __Type{kind}}',
  '{__schema{queryType{name @skip(if:true) kind}}}',
  '{a:__type(name:"User"){name} b:__type(name:"Card"){name} __typename}',
  '{__schema{queryType{nope}}}',
  '{__schema{types{name{x}}}}',
  '{__schema}',
  '{__schema{queryType{...on User{id}}}}',
  '{__type(name:"User"){fields(nope:true){name}}}',
  '{__type(name:"User"){fields(includeDeprecated:1){name}}}',
  '{__type(name:null){name}}',
  '{__typename __typ}',
];

const every = {
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  schemaDescription: true,
  inputValueDeprecation: true,
  // Requested only by option, and unknown to apollo-compiler.
  oneOf: false,
};

/** The standard introspection queries of tools. */
const complete = [
  getIntrospectionQuery(every),
  getIntrospectionQuery(),
  getIntrospectionQuery({ descriptions: false }),
];

export default Object.assign(parts, { complete });

/**
 * Compares the results of a complete introspection type by type, because lists of types have no order. Ignores the
 * introspection types (graphql-js has draft fields there), the descriptions of built-in types and directives, and a
 * draft directive location.
 */
export function differenceOfIntrospections(expected, { data, errors }) {
  if (!data) return `no data: ${JSON.stringify(errors)}`;
  const [want, got] = [expected.data.__schema, data.__schema];
  const found = [];
  for (const list of ['types', 'directives']) {
    const names = new Set([...want[list], ...got[list]].map(({ name }) => name));
    for (const name of [...names].filter((name) => !name.startsWith('__'))) {
      const [right, own] = [want, got].map((schema) => ordered(schema[list].find((one) => one.name === name)));
      if (right === own) continue;
      const at = [...(own ?? '')].findIndex((char, index) => char !== right?.[index]);
      const part = (text) => (text === undefined ? 'nothing' : text.slice(Math.max(0, at - 60), at + 60));
      found.push(`${list} ${name}: ${part(own)}\n    graphql-js: ${part(right)}`);
    }
  }
  const rest = ({ types, directives, ...others }) => JSON.stringify(others);
  if (rest(want) !== rest(got)) found.push(`${rest(got)}\n    graphql-js: ${rest(want)}`);
  return found.join('\n  ') || undefined;
}

function ordered(type) {
  const sorted = (list) => list && [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (!type) return undefined;
  const isBuiltIn = [...specifiedScalarTypes, ...specifiedDirectives].some(({ name }) => name === type.name);
  const left = (key, value) => (isBuiltIn && key === 'description' ? undefined : value);
  const locations = type.locations?.filter((name) => name !== 'DIRECTIVE_DEFINITION');
  return JSON.stringify({ ...type, locations, possibleTypes: sorted(type.possibleTypes) }, left);
}
