import type { ReactNode } from 'react';
import { usePageTitle } from './usePageTitle';

/** A page that has nothing but a message. */
export function Message({ title, children }: { title: string; children?: ReactNode }) {
  usePageTitle(title);
  return (
    <main className="welcome">
      <section className="panel" role="status">
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  );
}
