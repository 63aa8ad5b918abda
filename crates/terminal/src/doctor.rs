//! `fluoro doctor`: what became of a trace.

use std::process::ExitCode;

use clap::Args;

use crate::command::{Reach, Surroundings};
use crate::connection::encode;
use crate::issues::tell_clock;
use crate::search::line;
use crate::shape::{Diagnosis, read};
use crate::text::{Paint, day_and_clock, duration, plain, width};

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 where the trace is there, 1 where it is not, 2 where the server cannot be asked."
)]
pub struct Flags {
    /// A trace id, a tracing header, a log line or a link that has one
    #[arg(required = true, num_args = 1.., value_name = "TEXT")]
    text: Vec<String>,
    #[command(flatten)]
    reach: Reach,
    /// Print the server's answer as one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(flags: &Flags, surroundings: &Surroundings<'_>) -> anyhow::Result<ExitCode> {
    let path = format!("/api/doctor?q={}", encode(&flags.text.join(" ")));
    let answer = flags.reach.connect(surroundings)?.get(&path).await?;
    let diagnosis: Diagnosis = read(&answer)?;
    if flags.json {
        surroundings.print_json(&answer)?;
    } else {
        surroundings.print(&tell(&diagnosis, surroundings.paint()))?;
    }
    let is_here = matches!(diagnosis.fate.as_str(), "found" | "digesting");
    Ok(ExitCode::from(u8::from(!is_here)))
}

fn tell(diagnosis: &Diagnosis, paint: Paint) -> String {
    let id = plain(diagnosis.trace_id.as_deref().unwrap_or("this"));
    let documents = diagnosis.documents;
    let mut text = match diagnosis.fate.as_str() {
        "found" => format!("{} {id} is here, with {documents} documents\n", paint.green("found")),
        "digesting" => {
            format!("{} {id} is here, and every answer knows it in a moment\n", paint.green("found"))
        }
        "refused" => format!("{} all that came of {id} was refused\n", paint.red("refused")),
        "expired" => {
            let keeps =
                diagnosis.keeps.map(|keeps| format!(", which is {}", duration(keeps))).unwrap_or_default();
            format!("{} {id} is older than what is kept{keeps}\n", paint.yellow("expired"))
        }
        "malformed" => {
            let why = plain(diagnosis.malformed.as_deref().unwrap_or("it holds no trace id"));
            format!("{} {why}\n", paint.red("malformed"))
        }
        _ => format!("{} nothing of {id} came, as far as this server remembers\n", paint.yellow("unknown")),
    };
    if let Some(made) = diagnosis.made {
        text.push_str(&format!("  the id says that it was made at {}\n", day_and_clock(made)));
    }
    if diagnosis.sampled == Some(false) {
        text.push_str("  its header says Sampled=0: an SDK sends nothing then\n");
    }
    if let Some(trace) = &diagnosis.trace {
        text.push_str(&format!("  {}", line(trace, width(), paint)));
        text.push_str(&paint.dim(&format!("  fluoro trace {}\n", plain(&trace.id))));
    }
    for clock in &diagnosis.clocks {
        text.push_str(&format!("  {}\n", tell_clock(clock)));
    }
    for refusal in &diagnosis.refusals {
        let (at, door) = (day_and_clock(refusal.at), plain(&refusal.door));
        text.push_str(&format!("  {at} {door}: {}: {}\n", plain(&refusal.reason), plain(&refusal.detail)));
    }
    for near in &diagnosis.nearest {
        let how = match near.differs {
            0 => "began at about that time".to_owned(),
            digits => format!("differs in {digits} digits"),
        };
        text.push_str(&format!("  near: {} {how}\n", plain(&near.trace.id)));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(answer: &serde_json::Value) -> String {
        tell(&read(answer).unwrap(), Paint { is_on: false })
    }

    #[test]
    fn each_fate_has_its_sentence() {
        let id = "1-581cf771-a006649127e371903a2de979";
        let near = json!([{"trace": {"id": "1-581cf771-a006649127e371903a2de970"}, "differs": 1}]);
        let unknown = told(&json!({"fate": "unknown", "traceId": id, "nearest": near, "sampled": false}));
        insta::assert_snapshot!(unknown, @r"
        unknown nothing of 1-581cf771-a006649127e371903a2de979 came, as far as this server remembers
          its header says Sampled=0: an SDK sends nothing then
          near: 1-581cf771-a006649127e371903a2de970 differs in 1 digits
        ");
        let expired = told(&json!({"fate": "expired", "traceId": id, "keeps": 86_400_000.0}));
        assert_eq!(expired, format!("expired {id} is older than what is kept, which is 24.0 h\n"));
        let clocks = json!([{"node": "stock", "behind": -90_000}]);
        let found = told(&json!({"fate": "found", "traceId": id, "documents": 2, "clocks": clocks}));
        let said = format!("found {id} is here, with 2 documents\n  the clock of stock is 90.00 s ahead\n");
        assert_eq!(found, said);
        let malformed = told(&json!({"fate": "malformed", "malformed": "an id has 24 digits, this has 23"}));
        assert_eq!(malformed, "malformed an id has 24 digits, this has 23\n");
    }
}
