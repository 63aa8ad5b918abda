//! Rules over three alarms: `red` is in ALARM, `green` is OK, `grey` has too little data.

use proptest::prelude::*;

use super::*;

fn state_of(name: &str) -> Option<State> {
    match name {
        "red" | "red alert" | "arn:aws:cloudwatch:local:000000000000:alarm:red" | "the \"red\"" => {
            Some(State::Alarm)
        }
        "green" => Some(State::Ok),
        _ => None,
    }
}

fn holds(rule: &str) -> bool {
    Rule::parse(rule).unwrap().holds(&state_of)
}

fn refused(rule: &str) -> String {
    Rule::parse(rule).unwrap_err().to_string()
}

#[test]
fn states_are_asked_by_name_and_arn() {
    assert!(holds("ALARM(red)") && holds("OK( green )") && holds("INSUFFICIENT_DATA(grey)"));
    assert!(!holds("ALARM(green)") && !holds("OK(red)"));
    assert!(holds("ALARM(arn:aws:cloudwatch:local:000000000000:alarm:red)"));
    assert!(holds("ALARM(\"red alert\")") && holds(r#"ALARM("the \"red\"")"#));
}

#[test]
fn and_binds_tighter_than_or_and_not_tightest() {
    assert!(holds("TRUE OR FALSE AND FALSE"));
    assert!(!holds("(TRUE OR FALSE) AND FALSE"));
    assert!(holds("NOT ALARM(green) AND ALARM(red)"));
    assert!(!holds("NOT (ALARM(green) OR ALARM(red))"));
    assert!(holds("NOT NOT ALARM(red)"));
}

#[test]
fn at_least_counts_alarms_or_their_share() {
    assert!(holds("AT_LEAST(1, ALARM, (red, green, grey))"));
    assert!(!holds("AT_LEAST(2, ALARM, (red, green, grey))"));
    assert!(holds("AT_LEAST(2, NOT ALARM, (red, green, grey))"));
    assert!(holds("AT_LEAST(33%, ALARM, (red, green, grey))"));
    assert!(!holds("AT_LEAST(34%, ALARM, (red, green, grey))"));
}

#[test]
fn mistakes_are_told_with_their_place() {
    assert_eq!(
        refused("ALARM(red) XOR OK(green)"),
        "Error in AlarmRule [Unsupported token 'XOR' at char 11, must be: AND, OR or the end of the rule]"
    );
    assert_eq!(
        refused("alarm(red)"),
        "Error in AlarmRule [Unsupported token 'alarm' at char 0, must be: ALARM, OK, INSUFFICIENT_DATA, AT_LEAST, NOT, TRUE, FALSE or (]"
    );
    assert_eq!(
        refused("ALARM(red"),
        "Error in AlarmRule [Unexpected end of the rule at char 9, must be: ')']"
    );
    assert!(refused("ALARM(red alert)").contains("in quotes where it has spaces"));
    assert!(refused("ALARM(\"red)").contains("a closing quote"));
    assert_eq!(
        refused("AT_LEAST(3, ALARM, (red, green))"),
        "Error in AlarmRule [AT_LEAST absolute threshold must be between 1 and number of alarms (2)]"
    );
    assert!(refused("AT_LEAST(101%, ALARM, (red))").contains("between 1 and 100"));
}

#[test]
fn rules_are_bounded() {
    let many =
        |count: usize| (0..count).map(|number| format!("ALARM(a{number})")).collect::<Vec<_>>().join(" OR ");
    assert_eq!(Rule::parse(&many(MAX_CHILDREN)).unwrap().children().len(), MAX_CHILDREN);
    assert!(refused(&many(MAX_CHILDREN + 1)).contains("names 101 alarms"));
    assert!(
        refused(&format!("{}TRUE{}", "(".repeat(100), ")".repeat(100))).contains("nested more than 64 deep")
    );
    assert!(refused(&"NOT ".repeat(600)).contains("more than 500 elements"));
    assert!(refused(&" ".repeat(MAX_RULE_BYTES + 1)).contains("at most 10240"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "[ A-Z_a-z0-9(),%\"\\\\é]{0,80}") {
        let _ = Rule::parse(&text);
    }
}
