import type { ReactNode } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';

const plugins = [remarkGfm];

// No images are loaded from other servers: that would tell them who reads the board. They are shown as links.
const components: Components = {
  img: ({ src, alt }) => <ExternalLink href={typeof src === 'string' ? src : undefined}>{alt || 'Image'}</ExternalLink>,
  a: ({ href, children }) => <ExternalLink href={href}>{children}</ExternalLink>,
  // The check box of a task. It only shows its state.
  input: ({ checked }) => <span role="img" aria-label={checked ? 'Done' : 'To do'} className={`task${checked ? ' done' : ''}`} />,
};

const ExternalLink = ({ href, children }: { href?: string; children: ReactNode }) => (
  <a href={href} target="_blank" rel="noreferrer nofollow">
    {children}
  </a>
);

export interface Props {
  children: string;
  /** Only the text, for a preview. */
  isPlain?: boolean;
}

/** Markdown without HTML: react-markdown shows HTML as text, and removes links such as `javascript:`. */
export const RenderedMarkdown = ({ children, isPlain }: Props) => (
  <ReactMarkdown remarkPlugins={plugins} {...(isPlain ? { allowedElements: [], unwrapDisallowed: true } : { components })}>
    {children}
  </ReactMarkdown>
);
