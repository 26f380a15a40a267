import { goTo } from '../data/route.ts';
import { readMarkdown, type Block, type Inline } from '../text/markdown.ts';

/** Markdown as elements and text nodes: nothing in it can be markup. Headings start below the page's own. */
export const Markdown = ({ text }: { text: string }) => (
  <div class="markdown">
    {readMarkdown(text).map((block, i) => (
      <BlockView key={i} block={block} />
    ))}
  </div>
);

function BlockView({ block }: { block: Block }) {
  switch (block.kind) {
    case 'heading': {
      const Heading = `h${Math.min(6, block.level + 2)}` as 'h3';
      return <Heading>{inlines(block.content)}</Heading>;
    }
    case 'paragraph':
      return <p>{inlines(block.content)}</p>;
    case 'quote':
      return <blockquote>{inlines(block.content)}</blockquote>;
    case 'list': {
      const List = block.ordered ? 'ol' : 'ul';
      return (
        <List>
          {block.items.map((item, i) => (
            <li key={i}>{inlines(item)}</li>
          ))}
        </List>
      );
    }
    case 'table':
      return (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                {block.head.map((cell, i) => (
                  <th key={i} scope="col">
                    {inlines(cell)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, i) => (
                <tr key={i}>
                  {row.map((cell, j) => (
                    <td key={j}>{inlines(cell)}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
    case 'code':
      return (
        <pre>
          <code>{block.text}</code>
        </pre>
      );
    case 'rule':
      return <hr />;
  }
}

const inlines = (content: Inline[]) => content.map((part, i) => <InlineView key={i} part={part} />);

function InlineView({ part }: { part: Inline }) {
  switch (part.kind) {
    case 'text':
      return <>{part.text}</>;
    case 'strong':
      return <strong>{part.text}</strong>;
    case 'em':
      return <em>{part.text}</em>;
    case 'code':
      return <code>{part.text}</code>;
    case 'link': {
      const ours = part.href.startsWith('/');
      const follow = (event: Event) => {
        event.preventDefault();
        goTo(part.href);
      };
      return ours ? (
        <a href={part.href} onClick={follow}>
          {part.text}
        </a>
      ) : (
        <a href={part.href} rel="noreferrer noopener" target="_blank">
          {part.text}
        </a>
      );
    }
  }
}
