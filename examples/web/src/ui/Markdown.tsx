import { lazy, type ReactNode, Suspense } from 'react';
import type { Props } from './RenderedMarkdown';

const Source = ({ children }: Props): ReactNode => children;

// The parser is large. Until it is loaded, and if it cannot be loaded, the text is shown as it was written.
const Rendered = lazy(() =>
  import('./RenderedMarkdown').then(
    (file) => ({ default: file.RenderedMarkdown }),
    () => ({ default: Source }),
  ),
);

export const Markdown = ({ children }: { children: string }) => (
  <div className="markdown">
    <Suspense fallback={children}>
      <Rendered>{children}</Rendered>
    </Suspense>
  </div>
);

/** The text of Markdown, for a preview. */
export const PlainText = ({ children }: { children: string }) => (
  <Suspense fallback={children}>{children && <Rendered isPlain>{children}</Rendered>}</Suspense>
);
