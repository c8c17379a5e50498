import type { Client, CombinedError, TypedDocumentNode } from 'urql';

interface PageInfo {
  hasNextPage: boolean;
  endCursor: string | null;
}

/**
 * Fetches all pages of a list into the cache, which shows them as one list. Returns the data of the first page:
 * its version is the one after which events are still needed.
 */
export async function loadPages<Data, Variables extends { after?: string | null }>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  pageInfo: (data: Data) => PageInfo | undefined,
): Promise<{ data?: Data; error?: CombinedError }> {
  const options = { requestPolicy: 'network-only' } as const;
  const first = await client.query(document, variables, options).toPromise();
  let page = first;
  for (;;) {
    if (!page.data || page.error) return { data: first.data, error: page.error };
    const { hasNextPage, endCursor } = pageInfo(page.data) ?? { hasNextPage: false, endCursor: null };
    if (!hasNextPage) return { data: first.data };
    page = await client.query(document, { ...variables, after: endCursor }, options).toPromise();
  }
}
