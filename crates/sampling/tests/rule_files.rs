//! The rule files that the SDKs ship and test with are read or refused as the SDKs do.

#![expect(clippy::unwrap_used, reason = "clippy does not see that helpers of a test are tests")]

use std::fs;
use std::path::Path;

use sampling::RuleFile;

/// Files that every SDK takes, with the number of their rules.
const VALID: [(&str, usize); 13] = [
    ("dotnet/DefaultSamplingRule.json", 0),
    ("dotnet/DefaultSamplingRules.json", 2),
    ("dotnet/DefaultSamplingRules1.json", 2),
    ("dotnet/SamplingRules1.json", 1),
    ("go/DefaultSamplingRules.json", 0),
    ("go/ExampleSamplingRules.json", 1),
    ("go/rule-v1-sampling.json", 1),
    ("go/rule-v2-sampling.json", 1),
    ("java/DefaultSamplingRules.json", 0),
    ("java/FourSamplingRules.json", 3),
    ("java/NoSampleRule.json", 1),
    ("java/ThreeSamplingRules.json", 2),
    ("java/TwoSamplingRules.json", 1),
];

/// The same for the two that other SDKs bring along as their default.
const DEFAULTS: [&str; 3] =
    ["node/default_sampling_rules.json", "python/mock_sampling_rule.json", "python/sampling_rule.json"];

const INVALID: [(&str, &str); 12] = [
    ("dotnet/InvalidSamplingRules.json", "`version` is missing"),
    ("dotnet/SamplingRulesInvalidV1.json", "rules[0] (\"This is the first rule.\"): `host` belongs to"),
    ("dotnet/SamplingRulesInvalidV2.json", "`service_name` belongs to"),
    ("dotnet/SamplingRulesWithoutDefault.json", "`version` is missing"),
    ("dotnet/UnsupportedSamplingConfigurationVersion.json", "`service_name` belongs to"),
    ("go/rule-v1-contains-host.json", "`host` belongs to"),
    ("go/rule-v1-invalid.json", "not JSON"),
    ("go/rule-v2-contains-service-name.json", "`service_name` belongs to"),
    ("java/EmptySamplingRules.json", "`version` is missing"),
    ("java/ExtraAttributesOnDefaultSamplingRules.json", "`version` is missing"),
    ("java/MissingAttributesSamplingRules.json", "`version` is missing"),
    ("java/OneRuleMissingAttributesSamplingRules.json", "default: `fixed_target` is missing"),
];

/// The Java SDK takes a file without a version for one of version 0, which it does not know.
const WITHOUT_VERSION: &str = "java/JustDefaultSamplingRules.json";

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)).unwrap()
}

#[test]
fn valid_files_are_read() {
    for (name, count) in VALID.into_iter().chain(DEFAULTS.map(|name| (name, 0))) {
        let file = RuleFile::parse(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(file.rules.len(), count, "{name}");
    }
    let file = RuleFile::parse(&read("dotnet/DefaultSamplingRules.json")).unwrap();
    assert_eq!(
        (file.rules[0].host.as_str(), file.rules[0].fixed_target, file.rules[0].rate),
        ("checkout", 10, 0.3)
    );
    assert_eq!(RuleFile::parse(&read("python/sampling_rule.json")).unwrap(), RuleFile::default());
}

#[test]
fn invalid_files_are_refused_with_their_fault() {
    for (name, part) in INVALID {
        let error = RuleFile::parse(&read(name)).expect_err(name).to_string();
        assert!(error.contains(part), "{name}: {error}");
    }
    assert!(RuleFile::parse(&read(WITHOUT_VERSION)).is_err());
    let with_version = |name| read(name).replacen('{', "{\"version\":1,", 1);
    assert!(RuleFile::parse(&with_version(WITHOUT_VERSION)).is_ok());
    for (name, part) in [
        ("java/ExtraAttributesOnDefaultSamplingRules.json", "default: `url_path` must not be set"),
        ("java/MissingAttributesSamplingRules.json", "default: `fixed_target` is missing"),
        ("java/EmptySamplingRules.json", "the file: `default` is missing"),
    ] {
        let error = RuleFile::parse(&with_version(name)).expect_err(name).to_string();
        assert!(error.contains(part), "{name}: {error}");
    }
}

#[test]
fn every_file_of_the_sdks_is_tested() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let sdks = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir());
    let files: usize = sdks.map(|folder| fs::read_dir(folder).unwrap().count()).sum();
    assert_eq!(files, VALID.len() + DEFAULTS.len() + INVALID.len() + 1);
}
