// Copies of what is shown: link, commands, Markdown, and the trace as a file.
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import { useEffect, useState } from 'react';
import { get } from '../api/client';
import { copyText } from '../ui/Copy';
import { download } from '../ui/download';
import { absoluteLink, awsCommand, curlCommand, markdownOf } from './export';
import type { Shown } from './useShown';

const ITEMS = [
  { id: 'link', text: 'Copy link' },
  { id: 'markdown', text: 'Copy as Markdown' },
  { id: 'curl', text: 'Copy as curl' },
  { id: 'aws', text: 'Copy as aws xray batch-get-traces' },
  { id: 'download', text: 'Download JSON' },
];
const SAID_MS = 2000;

export function ShareMenu({ shown: { trace } }: { shown: Shown }) {
  const [said, setSaid] = useState<string>();
  const { id } = trace.summary;
  useEffect(() => {
    if (said === undefined) return;
    const timer = window.setTimeout(() => setSaid(undefined), SAID_MS);
    return () => window.clearTimeout(timer);
  }, [said]);
  const act = async (what: string) => {
    if (what === 'download') {
      download(`${id}.json`, JSON.stringify(await get<unknown>(`/api/traces/${encodeURIComponent(id)}/raw`), null, 2));
      return 'Downloaded';
    }
    const texts: Record<string, () => string> = {
      link: absoluteLink,
      markdown: () => markdownOf(trace, absoluteLink()),
      curl: () => curlCommand(id),
      aws: () => awsCommand(id),
    };
    await copyText(texts[what]!());
    return 'Copied';
  };
  return (
    <>
      <span className="share-said muted" role="status">
        {said}
      </span>
      <ButtonDropdown
        items={ITEMS}
        onItemClick={({ detail }) => {
          act(detail.id).then(setSaid, () => setSaid('That did not work'));
        }}
      >
        Share
      </ButtonDropdown>
    </>
  );
}
