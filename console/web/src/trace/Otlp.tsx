// What a span of OpenTelemetry has that X-Ray's have not: attributes by namespace, its resource, and events.
import { useEffect, useRef } from 'react';
import type { OtlpAttributes } from '../api/generated/OtlpAttributes';
import type { OtlpEvent } from '../api/generated/OtlpEvent';
import type { OtlpSpan } from '../api/generated/OtlpSpan';
import { Copy } from '../ui/Copy';
import { useAddress } from '../location/address';
import type { Fact } from './document';
import { Facts } from './Facts';
import { byTime, markName, offsetText } from './marks';
import { attributesOf, plainAttributesOf, resourceOf, restOf, type Namespace } from './otlp';
import './events.css';

export function OtlpAttributesTab({ span }: { span: OtlpSpan }) {
  return <Grouped namespaces={attributesOf(span)} of={span.attributes} heading="h3" />;
}

/** The resource, then the scope where it says more of itself, then what X-Ray calls it. */
export function OtlpResourceTab({ span, inXray }: { span: OtlpSpan; inXray: Fact[] }) {
  const ofScope = plainAttributesOf(span.scopeAttributes);
  return (
    <>
      <Grouped namespaces={resourceOf(span)} of={span.resource} heading="h3" />
      {ofScope.length > 0 && (
        <section className="namespace-part">
          <h3>Scope</h3>
          <Grouped namespaces={ofScope} of={span.scopeAttributes} heading="h4" />
        </section>
      )}
      {inXray.length > 0 && (
        <section className="namespace-part">
          <h3>In X-Ray’s words</h3>
          <Facts facts={inXray} />
        </section>
      )}
    </>
  );
}

interface GroupedProps {
  namespaces: Namespace[];
  of: OtlpAttributes;
  /** Of the level below what it stands in. */
  heading: 'h3' | 'h4';
}

function Grouped({ namespaces, of, heading: Heading }: GroupedProps) {
  const rest = restOf('attribute', of.more, of.dropped);
  return (
    <>
      {namespaces.map(({ name, facts }) => (
        <section key={name} className="namespace">
          {name !== '' && <Heading className="namespace-name">{name}</Heading>}
          <Facts facts={facts} />
        </section>
      ))}
      {rest && <p className="muted">{rest}</p>}
    </>
  );
}

export function OtlpEvents({ id, span }: { id: string; span: OtlpSpan }) {
  const { params } = useAddress();
  const open = params.get('event');
  const order = byTime(span.events.map((event) => event.offset));
  const rest = restOf('event', span.moreEvents, span.droppedEvents);
  return (
    <>
      <ol className="otlp-events">
        {order.map((index) => (
          <Event key={index} event={span.events[index]!} isOpen={markName(id, index) === open} />
        ))}
      </ol>
      {rest && <p className="muted">{rest}</p>}
    </>
  );
}

function Event({ event, isOpen }: { event: OtlpEvent; isOpen: boolean }) {
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isOpen) item.current?.scrollIntoView({ block: 'nearest' });
  }, [isOpen]);
  const at = offsetText(event.offset);
  return (
    <li ref={item} className="otlp-event" aria-current={isOpen || undefined}>
      <h3>
        <span className="event-glyph" aria-hidden="true" />
        <span className="event-name">{event.name === '' ? 'Event without a name' : event.name}</span>
        <span className="muted">{at}</span>
        <Copy text={event.name} what="name of the event" />
      </h3>
      <Grouped namespaces={plainAttributesOf(event.attributes)} of={event.attributes} heading="h4" />
    </li>
  );
}
