// Changes of lists in the cache. A list is a connection with `nodes`, of which any number of pages are loaded.
// Pages of one field count as one list, whatever their filter is. So load each list with one filter only.

import type { Cache, Entity } from '@urql/exchange-graphcache';

/** Adds the object to the list, unless it is there or the list is not loaded. */
export function addToList(cache: Cache, owner: Entity, field: string, node: string) {
  const pages = pagesOf(cache, owner, field);
  if (pages.some(({ nodes }) => nodes.includes(node))) return;
  const last = pages.at(-1);
  if (last) cache.link(last.page, 'nodes', [...last.nodes, node]);
}

export function removeFromList(cache: Cache, owner: Entity, field: string, node: string) {
  for (const { page, nodes } of pagesOf(cache, owner, field)) {
    if (nodes.includes(node)) cache.link(page, 'nodes', nodes.filter((one) => one !== node));
  }
}

/** Forgets the list. It is fetched again if it is shown. */
export function forgetList(cache: Cache, owner: Entity, field: string) {
  for (const { fieldName, arguments: given } of cache.inspectFields(owner)) {
    if (fieldName === field) cache.invalidate(owner, field, given);
  }
}

/** Forgets all pages but the first. Call it when the first page has been fetched again. */
export function forgetLaterPages(cache: Cache, owner: Entity, field: string) {
  for (const { fieldName, arguments: given } of cache.inspectFields(owner)) {
    if (fieldName === field && given?.after) cache.invalidate(owner, field, given);
  }
}

/** The pages of the whole list. What a search has found is another list. */
function pagesOf(cache: Cache, owner: Entity, field: string) {
  return cache
    .inspectFields(owner)
    .filter(({ fieldName, arguments: given }) => fieldName === field && !given?.filter)
    .map(({ fieldKey }) => cache.resolve(owner, fieldKey) as string | null)
    .filter((page) => page !== null && page !== undefined)
    .map((page) => ({ page, nodes: (cache.resolve(page, 'nodes') ?? []) as string[] }));
}
