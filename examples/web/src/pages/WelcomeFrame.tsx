import type { ReactNode } from 'react';

/** The frame of the pages without a session. */
export const WelcomeFrame = ({ title, children }: { title: string; children: ReactNode }) => (
  <main className="welcome">
    <p className="brand">
      <img src="./icon.svg" alt="" width="32" height="32" /> Kanban
    </p>
    <section className="panel">
      <h1>{title}</h1>
      {children}
    </section>
  </main>
);
