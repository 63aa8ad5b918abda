//! The region, in the AWS daemon's order (docs/aws-daemon.md A10).

use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use serde::Deserialize;

use super::Sources;
use crate::environment::Environment;

#[derive(Debug, thiserror::Error)]
#[error(
    "Cannot fetch region variable from config file, environment variables, ecs metadata, or ec2 metadata. \
     Use local-mode to use the local config region."
)]
pub struct RegionError;

/// Where the region comes from: flag or file, `AWS_REGION`, the file of ECS, and instance metadata; in local
/// mode the SDK's own settings take the place of the last two.
pub(crate) async fn find(
    given: &str,
    sources: &Sources,
    environment: Environment<'_>,
) -> Result<String, RegionError> {
    if let Some(region) = known(given, environment) {
        return Ok(region);
    }
    let found = if sources.local_mode {
        match non_empty(environment("AWS_DEFAULT_REGION")) {
            Some(region) => Some(region),
            None => of_profile(sources).await,
        }
    } else {
        match of_ecs(environment) {
            Some(region) => Some(region),
            None => super::metadata("/latest/meta-data/placement/region").await,
        }
    };
    non_empty(found).ok_or(RegionError)
}

/// What is known without asking anybody.
fn known(given: &str, environment: Environment<'_>) -> Option<String> {
    non_empty(Some(given.to_owned())).or_else(|| non_empty(environment("AWS_REGION")))
}

fn non_empty(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

async fn of_profile(sources: &Sources) -> Option<String> {
    let mut builder = ProfileFileRegionProvider::builder();
    if !sources.profile.is_empty() {
        builder = builder.profile_name(&sources.profile);
    }
    Some(builder.build().region().await?.to_string())
}

/// The metadata file that ECS puts into containers that ask for it.
/// <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-metadata.html>
fn of_ecs(environment: Environment<'_>) -> Option<String> {
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(rename = "TaskARN")]
        task_arn: String,
    }
    environment("ECS_ENABLE_CONTAINER_METADATA").filter(|value| value.eq_ignore_ascii_case("true"))?;
    let file = std::fs::read(environment("ECS_CONTAINER_METADATA_FILE")?).ok()?;
    let metadata: Metadata = serde_json::from_slice(&file).ok()?;
    metadata.task_arn.split(':').nth(3).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOBODY: Sources = Sources {
        local_mode: true,
        profile: String::new(),
        role_arn: String::new(),
        proxy: String::new(),
        ask_instance: false,
    };

    async fn check(given: &str, local_mode: bool, variables: &[(&str, &str)], expected: &str) {
        let environment =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let sources = Sources { local_mode, ..NOBODY };
        assert_eq!(find(given, &sources, &environment).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn the_first_that_names_a_region_counts() {
        check("a", true, &[("AWS_REGION", "b")], "a").await;
        check("", true, &[("AWS_REGION", "b"), ("AWS_DEFAULT_REGION", "c")], "b").await;
        check("", true, &[("AWS_REGION", ""), ("AWS_DEFAULT_REGION", "c")], "c").await;
    }

    #[tokio::test]
    async fn ecs_tells_it_by_the_arn_of_the_task() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.json");
        let variables = [
            ("ECS_ENABLE_CONTAINER_METADATA", "true"),
            ("ECS_CONTAINER_METADATA_FILE", path.to_str().unwrap()),
            ("AWS_DEFAULT_REGION", "ignored"),
        ];
        std::fs::write(&path, r#"{"Cluster":"c","TaskARN":"arn:aws:ecs:us-west-2:012345678910:task/x"}"#)
            .unwrap();
        check("", false, &variables, "us-west-2").await;
        // AWS's daemon panics at such a file.
        std::fs::write(&path, r#"{"Cluster":"c"}"#).unwrap();
        let environment =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        assert_eq!(of_ecs(&environment), None);
    }
}
