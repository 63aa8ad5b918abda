//! What containers of ECS and EKS can tell.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4.html>

use std::fs;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::address::HostPort;
use crate::ask::{Ask, ask};
use crate::plugin::Found;

const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount/token";
const TIMEOUT: Duration = Duration::from_secs(1);

pub(super) fn ecs(variable: &dyn Fn(&str) -> Option<String>) -> Option<Found> {
    let uri = variable("ECS_CONTAINER_METADATA_URI_V4").or_else(|| variable("ECS_CONTAINER_METADATA_URI"))?;
    // By plain HTTP alone, as the agent of ECS answers.
    let (host, path) = uri.strip_prefix("http://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok()?),
        None => (host, 80),
    };
    let host = HostPort { host: host.to_owned(), port };
    let request = Ask {
        method: "GET",
        path: &format!("/{path}"),
        headers: &[],
        body: b"",
        connect: TIMEOUT,
        read: TIMEOUT,
    };
    let metadata = ask(&host, request).ok().filter(|answer| answer.status == 200);
    let metadata =
        metadata.and_then(|answer| serde_json::from_slice(&answer.body).ok()).unwrap_or(Value::Null);
    Some(of_task(&metadata))
}

/// The variable is there, so it is ECS, even if nothing more is known.
fn of_task(metadata: &Value) -> Found {
    let mut block = Map::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            block.insert(key.to_owned(), value.into());
        }
    };
    let text = |key: &str| metadata[key].as_str().map(str::to_owned);
    put("container", host_name());
    put("container_id", text("DockerId").or_else(id_of_control_group));
    put("container_arn", text("ContainerARN"));
    let options = &metadata["LogOptions"];
    let group = options["awslogs-group"].as_str();
    let log_group = group.map(|group| {
        let region = options["awslogs-region"].as_str();
        // arn:aws:ecs:us-west-2:123456789012:container/…
        let account = metadata["ContainerARN"].as_str().and_then(|arn| arn.split(':').nth(4));
        let arn = region
            .zip(account)
            .map(|(region, account)| format!("arn:aws:logs:{region}:{account}:log-group:{group}"));
        (group.to_owned(), arn)
    });
    Found { block, log_group }
}

pub(super) fn eks(variable: &dyn Fn(&str) -> Option<String>) -> Option<Found> {
    fs::metadata(SERVICE_ACCOUNT).ok()?;
    let mut block = Map::new();
    // Asking the cluster takes TLS; whoever wants the name gives it.
    let cluster = variable("EKS_CLUSTER_NAME");
    let log_group = cluster.as_ref().map(|name| (format!("/aws/containerinsights/{name}/application"), None));
    let members = [("cluster_name", cluster), ("pod", host_name()), ("container_id", id_of_control_group())];
    for (key, value) in members {
        if let Some(value) = value {
            block.insert(key.to_owned(), value.into());
        }
    }
    Some(Found { block, log_group })
}

fn host_name() -> Option<String> {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

/// Version 1 of control groups has the container's id at the end of its paths.
fn id_of_control_group() -> Option<String> {
    fs::read_to_string("/proc/self/cgroup").ok().and_then(|text| id_in(&text))
}

fn id_in(text: &str) -> Option<String> {
    const ID_CHARS: usize = 64;
    let ids = text.lines().filter_map(|line| line.get(line.len().checked_sub(ID_CHARS)?..));
    let mut ids = ids.filter(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    ids.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_task_tells_its_container_and_its_logs() {
        let metadata = json!({
            "DockerId": "ea32192c8553fbff06c9340478a2ff089b2bb5646fb718b4ee206641c9086d66",
            "ContainerARN": "arn:aws:ecs:us-west-2:111122223333:container/0206b271",
            "LogOptions": {"awslogs-group": "/ecs/metadata", "awslogs-region": "us-west-2"},
        });
        let found = of_task(&metadata);
        assert_eq!(found.block["container_id"], metadata["DockerId"]);
        assert_eq!(found.block["container_arn"], metadata["ContainerARN"]);
        let arn = "arn:aws:logs:us-west-2:111122223333:log-group:/ecs/metadata".to_owned();
        assert_eq!(found.log_group, Some(("/ecs/metadata".into(), Some(arn))));
        assert_eq!(of_task(&Value::Null).log_group, None);
    }

    #[test]
    fn the_id_is_found_in_groups_of_version_1() {
        let id = "386a1920640799b5bf5a39bd94e489e5159a88677d96ca822ce7c433ff350163";
        assert_eq!(
            id_in(&format!("14:name=systemd:/ecs/x/short\n9:perf_event:/ecs/x/{id}\n")).as_deref(),
            Some(id)
        );
        assert_eq!(id_in("0::/\n"), None);
        assert_eq!(id_in(&"é".repeat(40)), None);
    }
}
