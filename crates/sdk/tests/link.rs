//! Links from what works off a batch to the traces of its messages.

mod support;

use fluoro_sdk::{TraceHeader, subsegment};
use serde_json::{Value, json};
use support::recording;

#[test]
fn a_batch_is_linked_to_the_traces_of_its_messages() {
    let recording = recording();
    let message = |number: u8, rest: &str| -> TraceHeader {
        format!("Root=1-5759e988-bd862e3fe1be46a9942727{number:02x}{rest}").parse().expect("a header")
    };
    recording.recorder.segment("worker").run(|| {
        for number in [1, 2, 2] {
            fluoro_sdk::link(&message(number, ";Parent=53995c3f42cd8ad8;Sampled=1"));
        }
        fluoro_sdk::link(&message(3, ";Parent=53995c3f42cd8ad8;Sampled=0"));
        let one = subsegment("one").enter();
        one.link(&message(4, ""));
        drop(one);
        subsegment("many").run(|| {
            (0..=255).for_each(|number| fluoro_sdk::link(&message(number, ";Parent=00000000000000a1")))
        });
    });
    let links = |name: &str| recording.entity(name).value["links"].clone();
    let link = |number: u8| {
        json!({ "trace_id": format!("1-5759e988-bd862e3fe1be46a9942727{number:02x}"), "id": "53995c3f42cd8ad8",
            "attributes": { "aws.xray.reserved.reference_type": "parent" } })
    };
    assert_eq!(links("worker"), json!([link(1), link(2)]));
    // A link makes nobody a parent.
    let [worker, one] = ["worker", "one"].map(|name| recording.entity(name));
    assert_eq!((worker.parent, one.parent, recording.parent("one")), (None, Some(worker.id), worker.name));
    assert_eq!(links("one")[0]["trace_id"], link(4)["trace_id"]);
    assert_eq!(links("one")[0]["id"], Value::Null);
    assert_eq!(
        (links("many").as_array().unwrap().len(), recording.recorder.stats().dropped.attributes),
        (256, 0)
    );
    recording.recorder.segment("more").run(|| {
        (0..=255).for_each(|number| fluoro_sdk::link(&message(number, "")));
        fluoro_sdk::link(&message(0, ";Parent=00000000000000a1"));
    });
    assert_eq!(recording.recorder.stats().dropped.attributes, 1);
}
