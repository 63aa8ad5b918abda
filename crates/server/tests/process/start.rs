//! The start: what it says when it is ready, and each way in which it cannot be.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{TcpListener, UdpSocket};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::child::{Ended, Fluoro, command, run};

fn check_refused(ended: &Ended, code: i32, expected: &[&str]) {
    assert_eq!(ended.status.code(), Some(code), "{}", ended.stderr);
    for part in expected {
        assert!(ended.stderr.contains(part), "{part:?} is not in {}", ended.stderr);
    }
    assert!(!ended.stderr.contains("panicked"), "{}", ended.stderr);
    assert!(!ended.stdout.contains("ready"), "{}", ended.stdout);
}

#[test]
fn version_and_help_are_on_standard_output() {
    let version = run(&mut command(&["--version"]));
    assert_eq!(version.stdout, concat!("fluoro ", env!("CARGO_PKG_VERSION"), "\n"));
    let help = run(&mut command(&["serve", "--help"]));
    for flag in [
        "--config",
        "--bind",
        "--otlp-grpc",
        "--otlp-http",
        "--data-dir",
        "--retention",
        "--store",
        "--demo",
        "--log-format",
        "--auth",
        "--keys",
        "--udp-open",
        "--tls-cert",
        "--tls-key",
    ] {
        assert!(help.stdout.contains(flag), "{flag} is not in {}", help.stdout);
    }
}

#[test]
fn completions_can_be_had_for_a_shell() {
    let bash = run(&mut command(&["completions", "bash"]));
    assert!(bash.status.success() && bash.stdout.contains("_fluoro()"), "{}", bash.stdout);
}

#[test]
fn whoever_reads_may_go_away() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    assert!(Fluoro::serve(&["--data-dir", data]).end(Signal::TERM).status.success());
    let nobody = UdpSocket::bind("127.0.0.1:0").unwrap();
    let endpoint = nobody.local_addr().unwrap().to_string();
    for arguments in [
        &["completions", "bash"][..],
        &["serve", "--help"],
        &["keys", "list", "--data-dir", data],
        &["store", "check", data],
        &["store", "export", data, "--output", "-"],
        &["demo", "--once", "--json", "--endpoint", &endpoint],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = command(arguments).stdout(writer).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && !stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn a_log_that_nobody_reads_does_not_hold_the_server() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = command(&["serve", "--bind", "127.0.0.1:0", "--store", "memory"]);
    let mut child = command.stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("ready ")));
    kill_process(Pid::from_raw(child.id().cast_signed()).unwrap(), Signal::TERM).unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn mistakes_in_the_settings_end_the_start_with_all_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("fluoro.yaml");
    fs::write(&file, "bind: here\nretenton: 30d\n").unwrap();
    let file = file.to_str().unwrap();
    let ended = run(command(&["serve", "--config", file, "--log-format", "xml"]).env("FLUORO_STORE", "tape"));
    let at = |line| format!("{file}:{line}");
    check_refused(&ended, 2, &["4 settings are wrong", &at(1), "did you mean `retention`?", &at(2)]);
    check_refused(&ended, 2, &["`xml` is neither text nor json (--log-format)", "(FLUORO_STORE)"]);
    check_refused(
        &run(&mut command(&["serve", "--config", "/nowhere.yaml"])),
        2,
        &["/nowhere.yaml", "cannot be read"],
    );
    check_refused(&run(&mut command(&["serve", "--bnid", "x"])), 2, &["--bnid"]);
}

#[test]
fn a_port_in_use_is_one_clear_message() {
    let directory = tempfile::tempdir().unwrap();
    let check = |address: String| {
        let data = directory.path().to_str().unwrap();
        let ended = run(&mut command(&["serve", "--bind", &address, "--data-dir", data]));
        check_refused(&ended, 1, &[&address, "another process listens there", "--bind"]);
    };
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    check(tcp.local_addr().unwrap().to_string());
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    check(udp.local_addr().unwrap().to_string());
}

#[test]
fn a_directory_that_another_process_holds_is_one_clear_message() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().to_str().unwrap();
    let first = Fluoro::serve(&["--data-dir", data]);
    let second = run(&mut command(&["serve", "--bind", "127.0.0.1:0", "--data-dir", data]));
    check_refused(&second, 1, &[data, "another"]);
    assert!(first.end(Signal::TERM).status.success());
}

#[test]
fn a_data_directory_that_cannot_be_one_is_one_clear_message() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "not a directory").unwrap();
    let inside = file.join("data");
    for path in [&file, &inside] {
        let path = path.to_str().unwrap();
        let ended = run(&mut command(&["serve", "--bind", "127.0.0.1:0", "--data-dir", path]));
        check_refused(&ended, 1, &["cannot open the store: ", path]);
        let told = ended.stderr.matches("data directory").count();
        assert_eq!(told, 1, "{}", ended.stderr);
    }
}

#[test]
fn settings_without_effect_are_said_so() {
    let fluoro = Fluoro::serve(&["--store", "memory", "--retention", "30d"]);
    let ended = fluoro.end(Signal::TERM);
    assert!(
        ended.stderr.contains("no effect yet")
            && ended.stderr.contains("retention, since nothing is kept on disk"),
        "{}",
        ended.stderr
    );
}
