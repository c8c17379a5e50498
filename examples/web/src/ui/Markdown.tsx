import ReactMarkdown, { type Components } from 'react-markdown';

// No images are loaded from other servers: that would tell them who reads the board. They are shown as links.
const components: Components = {
  img: ({ src, alt }) => <ExternalLink href={typeof src === 'string' ? src : undefined}>{alt || 'Image'}</ExternalLink>,
  a: ({ href, children }) => <ExternalLink href={href}>{children}</ExternalLink>,
};

const ExternalLink = ({ href, children }: { href?: string; children: React.ReactNode }) => (
  <a href={href} target="_blank" rel="noreferrer nofollow">
    {children}
  </a>
);

/** Markdown without HTML: react-markdown shows HTML as text, and removes links such as `javascript:`. */
export const Markdown = ({ children }: { children: string }) => (
  <div className="markdown">
    <ReactMarkdown components={components}>{children}</ReactMarkdown>
  </div>
);
