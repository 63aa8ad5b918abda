//! Functions with `#[trace]`.

mod support;

use std::error::Error;
use std::num::ParseIntError;

use fluoro_sdk::trace;
use serde_json::json;
use support::{recording, with};

#[trace]
fn plain(number: u32) -> u32 {
    fluoro_sdk::annotate("within", true);
    number + 1
}

#[trace(name = "parse the number", annotations(text = text, length = text.len()))]
async fn parse(text: &str) -> Result<u8, ParseIntError> {
    tokio::task::yield_now().await;
    let number = text.parse()?;
    Ok(number)
}

struct Service(u32);

impl Service {
    #[trace(remote)]
    async fn call(&mut self) -> Result<u32, Box<dyn Error>> {
        self.0 += plain(1);
        if self.0 > 2 { Err("too many".into()) } else { Ok(self.0) }
    }
}

#[trace]
fn lazily<'a, T: AsRef<str>>(text: &'a T) -> impl Iterator<Item = char> + use<'a, T> {
    text.as_ref().chars()
}

#[tokio::test]
async fn a_function_is_a_subsegment_and_its_err_the_cause() {
    let recording = recording();
    let work = async {
        assert_eq!(parse("x").await.unwrap_err().to_string(), "invalid digit found in string");
        let mut service = Service(0);
        assert_eq!(service.call().await.unwrap(), 2);
        service.call().await.unwrap_err();
        assert_eq!(lazily(&"ab").count(), 2);
    };
    recording.recorder.segment("shop").scope(work).await;
    let parse = recording.entity("parse the number").value;
    assert_eq!(parse["annotations"], json!({"text": "x", "length": 1}));
    assert_eq!(parse["cause"]["exceptions"][0]["message"], "invalid digit found in string");
    let entities = recording.entities();
    let calls: Vec<_> = entities.iter().filter(|entity| entity.name == "call").collect();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.value["namespace"] == "remote"));
    let faults: Vec<_> = calls.iter().filter(|call| call.value["fault"] == true).collect();
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].value["cause"]["exceptions"][0]["message"], "too many");
    assert!(
        entities
            .iter()
            .filter(|entity| entity.name == "plain")
            .all(|plain| plain.value["annotations"]["within"] == true)
    );
    assert_eq!(recording.parent("lazily"), "shop");
}

fn evaluated() -> u32 {
    panic!("evaluated where nothing is recorded")
}

#[trace(annotations(costly = evaluated()))]
fn costly() {}

#[test]
fn nothing_is_evaluated_where_nothing_is_recorded() {
    costly();
    let recording = with(|builder| builder.sample_all(false));
    recording.recorder.segment("shop").run(costly);
    assert!(recording.documents().is_empty());
}
