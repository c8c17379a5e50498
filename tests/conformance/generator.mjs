// Random documents, reproducible by seed: about two thirds fit the schema, the others are corrupted in
// one or two places.

import { getNamedType, getNullableType, isAbstractType, isLeafType, isListType, isNonNullType } from 'graphql';
import { isRequiredArgument, Lexer, Source, TokenKind } from 'graphql';

/** Generates `count` requests. */
export function* generate(schema, ids, cursors, seed, count) {
  const random = numbers(seed);
  const names = Object.values(schema.getTypeMap()).flatMap((type) => [
    type.name,
    ...Object.keys(type.getFields?.() ?? {}),
  ]);
  for (let made = 0; made < count; made += 1) {
    const whole = new Writer(schema, ids, cursors, random).request();
    yield random() < 0.65 ? whole : spoil(whole, names, random);
  }
}

/** Mulberry32: pseudo-random numbers from 0 to 1. */
function numbers(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

function pick(random, list) {
  return list[Math.floor(random() * list.length)];
}

/** Writes one document. */
class Writer {
  constructor(schema, ids, cursors, random) {
    Object.assign(this, { schema, ids, cursors, random });
    this.fragments = [];
    this.definitions = [];
    this.values = {};
  }

  chance(part) {
    return this.random() < part;
  }

  request() {
    const isMutation = this.chance(0.1);
    const body = isMutation ? this.mutation() : this.selections(this.schema.getQueryType(), 0);
    const variables = this.definitions.length > 0 ? `(${this.definitions.join(this.chance(0.5) ? ',' : ' ')})` : '';
    const name = this.chance(0.5) ? ' Q' : '';
    const start = isMutation ? `mutation${name}` : variables || name || this.chance(0.3) ? `query${name}` : '';
    return {
      query: [`${start}${variables}${body}`, ...this.fragments].join(' '),
      variables: JSON.stringify(this.values),
    };
  }

  /** Mutations without an effect, because their results must be predictable. */
  mutation() {
    const field = () => {
      const alias = this.chance(0.5) ? `${pick(this.random, ['a', 'b', 'updateCard'])}:` : '';
      const title = this.chance(0.5) ? ',title:"Sow"' : '';
      const payload = this.schema.getType('UpdateCardPayload');
      return `${alias}updateCard(input:{cardId:"${this.ids.SOW}"${title}})${this.directives()}${this.selections(payload, 1)}`;
    };
    return `{${field()}${this.chance(0.3) ? ` ${field()}` : ''}${this.chance(0.2) ? ' __typename' : ''}}`;
  }

  selections(type, depth) {
    const count = 1 + Math.floor(this.random() * (depth < 3 ? 4 : 2));
    return `{${Array.from({ length: count }, () => this.selection(type, depth)).join(' ')}}`;
  }

  selection(type, depth) {
    if (depth < 6 && this.chance(isAbstractType(type) ? 0.6 : 0.15)) return this.fragment(type, depth);
    if (this.chance(0.06)) return `${this.alias()}__typename${this.directives()}`;
    const all = Object.values(type.getFields());
    const leaves = all.filter((field) => isLeafType(getNamedType(field.type)));
    const field = pick(this.random, depth > 4 && leaves.length > 0 ? leaves : all);
    const below = getNamedType(field.type);
    const start = `${this.alias()}${field.name}${this.args(field, depth)}${this.directives()}`;
    return isLeafType(below) ? start : start + (depth > 6 ? '{__typename}' : this.selections(below, depth + 1));
  }

  /** Only a few names, so that response keys collide. */
  alias() {
    return this.chance(0.15) ? `${pick(this.random, ['a', 'b', 'c', 'd', 'id', 'title'])}:` : '';
  }

  fragment(type, depth) {
    const wider = isAbstractType(type) ? [] : type.getInterfaces();
    const narrower = isAbstractType(type) ? this.schema.getPossibleTypes(type) : [];
    const on = pick(this.random, [type, ...wider, ...narrower]);
    if (this.chance(0.4)) {
      const condition = on === type && this.chance(0.5) ? '' : `on ${on.name}`;
      return `...${condition}${this.directives()}${this.selections(on, depth + 1)}`;
    }
    const known = this.fragments.filter((text) => text.includes(` on ${type.name}{`));
    if (known.length > 0 && this.chance(0.5)) return `...${pick(this.random, known).split(' ')[1]}`;
    const name = `F${this.fragments.length}`;
    const index = this.fragments.push('') - 1;
    this.fragments[index] = `fragment ${name} on ${on.name}${this.selections(on, depth + 1)}`;
    return `...${name}${this.directives()}`;
  }

  directives() {
    if (!this.chance(0.08)) return '';
    const type = this.schema.getDirective('skip').args[0].type;
    const one = (name) => `@${name}(if:${this.value(type, 'if')})`;
    return this.chance(0.2) ? one('skip') + one('include') : one(pick(this.random, ['skip', 'include']));
  }

  args(field, depth) {
    const isNeeded = (arg) => isRequiredArgument(arg) || (arg.name === 'first' && depth > 0);
    const chosen = field.args.filter((arg) => isNeeded(arg) || this.chance(arg.name === 'last' ? 0.03 : 0.12));
    const written = chosen.map((arg) => `${arg.name}:${this.value(arg.type, arg.name)}`);
    return written.length > 0 ? `(${written.join(',')})` : '';
  }

  /** A literal, or a variable with a value. */
  value(type, name) {
    if (!this.chance(0.15)) return this.literal(type, name);
    const variable = `v${this.definitions.length}`;
    const nullable = getNullableType(type);
    const hasDefault = this.chance(0.4);
    const declared = this.chance(0.5) || (isNonNullType(type) && !hasDefault) ? `${nullable}!` : nullable;
    this.definitions.push(`$${variable}:${declared}${hasDefault ? `=${this.literal(nullable, name)}` : ''}`);
    if (!hasDefault || this.chance(0.4)) this.values[variable] = this.json(nullable, name);
    return `$${variable}`;
  }

  literal(type, name) {
    const nullable = getNullableType(type);
    if (nullable === type && this.chance(0.05)) return 'null';
    if (isListType(nullable)) {
      if (this.chance(0.1)) return this.literal(nullable.ofType, name);
      return `[${Array.from({ length: Math.floor(this.random() * 3) }, () => this.literal(nullable.ofType, name)).join(',')}]`;
    }
    if (nullable.getValues) return pick(this.random, nullable.getValues()).name;
    if (nullable.getFields) {
      const fields = Object.values(nullable.getFields()).filter(
        (field) => isNonNullType(field.type) || this.chance(0.4),
      );
      return `{${fields.map((field) => `${field.name}:${this.literal(field.type, field.name)}`).join(' ')}}`;
    }
    return JSON.stringify(this.scalar(nullable, name));
  }

  /** A value for a variable, where an enum is a string. */
  json(type, name) {
    const nullable = getNullableType(type);
    if (isListType(nullable))
      return this.chance(0.2) ? this.json(nullable.ofType, name) : [this.json(nullable.ofType, name)];
    if (nullable.getValues) return pick(this.random, nullable.getValues()).name;
    if (!nullable.getFields) return this.scalar(nullable, name);
    const fields = Object.values(nullable.getFields()).filter((field) => isNonNullType(field.type) || this.chance(0.4));
    return Object.fromEntries(fields.map((field) => [field.name, this.json(field.type, field.name)]));
  }

  scalar(type, name) {
    if (type.name === 'Boolean') return this.chance(0.6);
    if (type.name === 'ID')
      return this.chance(0.1) ? pick(this.random, ['nope', 7]) : pick(this.random, Object.values(this.ids));
    if (type.name === 'Int')
      return name === 'first' || name === 'last' ? pick(this.random, this.chance(0.04) ? [5000, -1] : [1, 2, 3]) : 1;
    if (name === 'text') return pick(this.random, ['plan', 'S', '"', '']);
    if (name === 'email') return 'bob@example.com';
    return this.chance(0.9) ? pick(this.random, this.cursors) : 'no cursor';
  }
}

/** Corrupts one or two tokens, or a variable. */
function spoil({ query, variables }, names, random) {
  if (variables !== '{}' && random() < 0.25) return { query, variables: spoilVariables(JSON.parse(variables), random) };
  const tokens = split(query);
  for (let times = random() < 0.7 ? 1 : 2; times > 0; times -= 1) spoilTokens(tokens, names, random);
  return { query: tokens.join(' '), variables };
}

const OTHERS = [
  '!',
  '{',
  '}',
  '(',
  ')',
  '[',
  ']',
  ':',
  '$',
  '@',
  '...',
  '=',
  'on',
  'null',
  'true',
  '1',
  '-0',
  '1.5',
  '"x"',
  '"""x"""',
  '@skip(if:true)',
  '@nope',
  '__typename',
  '{id}',
  'x:',
];

function spoilTokens(tokens, names, random) {
  const at = Math.floor(random() * tokens.length);
  const isName = (token) => /^[_A-Za-z]/.test(token);
  const own = tokens.filter(isName);
  const kind = random();
  if (kind < 0.2) tokens.splice(at, 1);
  else if (kind < 0.3) tokens.splice(at, 0, tokens[at]);
  else if (kind < 0.4) tokens.splice(at, 2, ...tokens.slice(at, at + 2).reverse());
  else if (kind < 0.5) tokens.splice(at, 0, pick(random, OTHERS));
  else if (kind < 0.6) tokens[at] = pick(random, OTHERS);
  else if (kind < 0.65) tokens.splice(at, 0, ...tokens.slice(at, at + 1 + Math.floor(random() * 6)));
  else {
    // Most errors in practice are wrong names.
    const places = tokens.flatMap((token, index) => (isName(token) ? [index] : []));
    tokens[pick(random, places)] = pick(random, random() < 0.6 ? own : names);
  }
}

function split(query) {
  const lexer = new Lexer(new Source(query));
  const tokens = [];
  while (lexer.advance().kind !== TokenKind.EOF) tokens.push(query.slice(lexer.token.start, lexer.token.end));
  return tokens;
}

function spoilVariables(values, random) {
  const name = pick(random, Object.keys(values));
  const other = pick(random, [null, 1, 1.5, '1', 'RED', true, [], [null], {}, undefined]);
  return JSON.stringify({ ...values, [name]: random() < 0.2 ? [values[name]] : other });
}
