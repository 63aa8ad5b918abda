// What the keys do and what the words mean.
import Modal from '@cloudscape-design/components/modal';
import { OutcomeGlyph } from '../outcome/OutcomeGlyph';
import { OUTCOME_NAME, OUTCOMES } from '../outcome/outcome';
import { PAGES } from './pages';
import '../trace/bar.css';

const KEYS: [string, [string, string][]][] = [
  [
    'Everywhere',
    [
      ['/', 'search; also Ctrl K'],
      ['>', 'in the search: actions'],
      ['?', 'this help'],
      ['r', 'refresh'],
      ['l', 'pause, go on'],
      ['y', 'copy a link that lasts'],
      ['d', 'light or dark'],
    ],
  ],
  [
    'Time',
    [
      ['t', 'choose the range'],
      ['[ ]', 'earlier, later'],
      ['- =', 'wider, narrower'],
    ],
  ],
  ['Pages', PAGES.map((entry) => [`g ${entry.key}`, entry.label])],
  [
    'Map',
    [
      ['← →', 'to callers, to callees'],
      ['↑ ↓', 'among siblings'],
      ['Enter', 'select'],
      ['f', 'focus: the node with its callers and callees'],
      ['p', 'follow a failure to its origin'],
      ['g', 'open a box, or close it again'],
      ['0', 'show all'],
      ['+ −', 'zoom'],
      ['v', 'the map as a table'],
      ['l', 'back to live'],
      ['Esc', 'one step back'],
    ],
  ],
  [
    'Trace',
    [
      ['↑ ↓', 'from row to row'],
      ['← →', 'fold and unfold'],
      ['n N', 'next and previous fault'],
      ['e E', 'next and previous event'],
      ['x', 'unfold all'],
      ['f', 'find in the trace'],
      ['c', 'critical path'],
      ['w s', 'zoom in and out'],
      ['z Z', 'zoom to the span, show all'],
      ['Shift ← →', 'earlier and later'],
      [', .', 'previous and next result of the list'],
    ],
  ],
  [
    'Traces and Analytics',
    [
      ['e', 'filter as chips or as an expression'],
      [', .', 'previous and next trace beside the list'],
      ['Esc', 'close it'],
      ['x', 'in Analytics: swap A and B'],
    ],
  ],
  ['Sampling', [['Enter', 'on a handle: hold the rule'], ['↑ ↓', 'move it'], ['Esc', 'leave it where it was']]],
];

const BARS: [string, string][] = [
  ['bar', 'a span, in the colour of its service'],
  ['bar bar-bad', 'with a hatched edge: it failed, in the colour of how'],
  ['bar bar-kind-inferred', 'hollow, most often the end of a call: who was called sends nothing'],
  ['bar is-open', 'striped: still in progress when last heard of'],
  ['bar-way', 'thin and grey: on the way between a call and its service'],
  ['bar-critical', 'the critical path: what the trace waited for'],
];

export function HelpPanel({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Modal visible={isOpen} size="large" onDismiss={onClose} header="Help" closeAriaLabel="Close help">
      <div className="help">
        {KEYS.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, meaning]) => (
                <div key={key}>
                  <dt>
                    <kbd>{key}</kbd>
                  </dt>
                  <dd>{meaning}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
        <section>
          <h3>Bars of a trace</h3>
          <dl>
            {BARS.map(([sign, meaning]) => (
              <div key={meaning}>
                <dt>
                  <span className={`bar-sample ${sign}`} aria-hidden="true" />
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3>Ring of a node</h3>
          <dl>
            {OUTCOMES.map((outcome) => (
              <div key={outcome}>
                <dt>
                  <OutcomeGlyph outcome={outcome} label={false} />
                </dt>
                <dd>{OUTCOME_NAME[outcome]}</dd>
              </div>
            ))}
            <div>
              <dt>- -</dt>
              <dd>inferred from its callers, sends no segments of its own</dd>
            </div>
          </dl>
        </section>
      </div>
    </Modal>
  );
}
