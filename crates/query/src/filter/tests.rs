//! What is understood, what is refused and where, and that nothing that arrives as text can do harm.

mod annotations;
mod meaning;
mod random;

use super::*;

/// The text is understood, and means the canonical text, which means itself.
fn check(text: &str, canonical: &str) {
    let filter: Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(filter.to_string(), canonical);
    assert_eq!(canonical.parse(), Ok(filter));
}

fn check_same(text: &str) {
    check(text, text);
}

fn check_error(text: &str, line: usize, position: usize, message: &str) {
    let expected = FilterError { line, position, message: message.to_owned() };
    assert_eq!(text.parse::<Filter>(), Err(expected), "{text}");
}

fn check_symbol(text: &str, position: usize, symbol: &str) {
    check_error(text, 1, position, &format!("Invalid input symbol: '{symbol}'"));
}

#[test]
fn no_condition_is_a_filter() {
    check("", "");
    check(" \n\t", "");
    assert!(Filter::default().is_empty());
}

/// The examples of docs/xray.md 4.6.
#[test]
fn the_examples_of_the_specification_are_understood() {
    check_same(r#"http.url CONTAINS "/checkout" AND responsetime > 2 AND annotation.tenant = "acme""#);
    check_same(r#"service(id(type: "AWS::DynamoDB::Table")) { fault }"#);
    check_same(r#"edge("api", "billing") { fault } AND ok"#);
    check(r#"user CONTAINS "" !partial"#, r#"user CONTAINS "" AND !partial"#);
    check_same(r#"rootcause.responsetime.entity { last AND remote AND name = "db" AND coverage > 0.6 }"#);
    check_same(r#"annotation[http.route] = "/v1/items""#);
    check_same(r#"service(id(account.id: "111122223333"))"#);
    check_same(r#"http.url BEGINSWITH "https://shop/" AND !service("cache")"#);
    check("ok !partial duration < 3", "ok AND !partial AND duration < 3");
}

#[test]
fn every_part_of_a_tree_means_itself() {
    let text =
        r#"!fault AND (user = "a" OR http.status >= 500 OR service("b") { responsetime > 1 AND !ok })"#;
    let tree = text.parse::<Filter>().unwrap().tree().unwrap();
    assert_eq!(tree.text, text);
    let tree::Part::And(members) = &tree.part else { panic!("{tree:?}") };
    let tree::Part::Or(choices) = &members[1].part else { panic!("{tree:?}") };
    let texts: Vec<&str> = choices.iter().map(|choice| &*choice.text).collect();
    assert_eq!(
        texts,
        [r#"user = "a""#, "http.status >= 500", r#"service("b") { responsetime > 1 AND !ok }"#]
    );
    let tree::Part::Condition(service) = &choices[2].part else { panic!("{tree:?}") };
    assert_eq!(service.block.as_ref().unwrap().text, "responsetime > 1 AND !ok");
    assert_eq!((service.nodes[0].name.as_deref(), service.comparator), (Some("b"), None));
    let conjuncts: Vec<String> =
        text.parse::<Filter>().unwrap().conjuncts().iter().map(Filter::to_string).collect();
    assert_eq!(conjuncts, [&*members[0].text, &*members[1].text]);
    assert_eq!(Filter::default().tree(), None);
}

/// `version` is not one of X-Ray's words.
#[test]
fn a_version_is_asked_of_a_trace_or_of_one_service() {
    check_same(r#"version = "1.8.2""#);
    check_same(r#"service("payment") { version BEGINSWITH "1.8." AND fault }"#);
    check_same(r#"!service("payment") { version }"#);
}

#[test]
fn filters_are_joined_and_turned_round() {
    let filter = |text: &str| text.parse::<Filter>().unwrap();
    assert_eq!(filter("ok").or(filter("fault OR error")).to_string(), "ok OR fault OR error");
    assert!(filter("ok").or(Filter::default()).is_empty());
    assert_eq!(filter("ok AND fault").not().to_string(), "!(ok AND fault)");
    assert_eq!(filter("ok").not().not(), filter("ok"));
    assert_eq!(Filter::default().not(), filter("ok AND !ok"));
}

#[test]
fn not_binds_before_and_and_before_or() {
    check("ok OR fault error", "ok OR fault AND error");
    check("ok fault OR error", "ok AND fault OR error");
    check("!ok fault", "!ok AND fault");
    check("NOT ok AND fault", "!ok AND fault");
    check_same("!(ok AND fault)");
    check_same("(ok OR fault) AND error");
    check_same("!!ok");
    check(
        "((ok AND (fault AND (error)))) OR (throttle OR partial)",
        "ok AND fault AND error OR throttle OR partial",
    );
}

#[test]
fn keywords_are_read_in_any_case() {
    check(
        r#"Http.Url beginswith "A" And FAULT != False oR rootCause.Fault.Service { Name endsWith "b" }"#,
        r#"http.url BEGINSWITH "A" AND fault OR rootcause.fault.service { name ENDSWITH "b" }"#,
    );
    check_same("annotation.Tenant");
}

#[test]
fn flags_compare_with_true_and_false() {
    check("fault = true", "fault");
    check("fault != false", "fault");
    check("fault = false", "fault = false");
    check("fault != true", "fault = false");
    check_symbol("fault > true", 6, ">");
    check_symbol("fault = 1", 8, "1");
}

#[test]
fn numbers_compare_with_every_sign() {
    for sign in ["=", "!=", "<", "<=", ">", ">="] {
        check_same(&format!("responsetime {sign} 0.25"));
    }
    check("duration>=-1.50e2", "duration >= -150");
    check("http.status", "http.status");
    check_symbol("duration > 5s", 11, "5s");
    check_symbol("duration > 1e999", 11, "1e999");
    check_symbol("duration > 1-2", 12, "-2");
    check_symbol("duration > -", 11, "-");
    check_symbol(r#"duration > "5""#, 11, r#""5""#);
    check_symbol("duration CONTAINS 5", 9, "CONTAINS");
    check_symbol("duration >", 10, "<EOF>");
}

#[test]
fn strings_are_quoted_and_escape_quotes_and_backslashes() {
    check_same(r#"user = "\"é\\""#);
    check_same("user = \"two\nlines\"");
    check_error(r#"user = "open"#, 1, 7, "Unterminated string");
    check_error(r#"user = "open\"#, 1, 7, "Unterminated string");
    check_symbol(r#"user = "a\n""#, 9, r"\n");
    check_symbol("user = eve", 7, "eve");
    check_symbol(r#"user < "eve""#, 5, "<");
}

#[test]
fn annotations_have_any_key_and_value() {
    check_same("annotation.k_1 = 5");
    check_same("annotation.k != true");
    check_same("annotation.k CONTAINS \"x\"");
    check_same("annotation.1st");
    check("annotation[ plain ] >= 2", "annotation.plain >= 2");
    check("annotation.a.b", "annotation[a.b]");
    check_same(r#"annotation["a ]b"] = "x""#);
    check("ANNOTATION [a-b]", "annotation[a-b]");
    check_symbol("annotation[]", 10, "[]");
    check_symbol("annotation.", 0, "annotation.");
    check_symbol("annotation", 10, "<EOF>");
    check_symbol("annotation.k > \"x\"", 15, "\"x\"");
    check_symbol("annotation.k > true", 15, "true");
    check_symbol("annotation[k = 5", 16, "<EOF>");
}

#[test]
fn services_and_edges_are_named_or_identified() {
    check("service", "service()");
    check_same("service() { fault }");
    check_same(r#"service("a")"#);
    check(
        r#"service(id(account.id:"1",type:"t",name:"n")){responsetime>1 root}"#,
        r#"service(id(name: "n", type: "t", account.id: "1")) { responsetime > 1 AND root }"#,
    );
    check_same(r#"edge(, "b") { !ok }"#);
    check_same(r#"edge(id(type: "client"), )"#);
    check_symbol(r#"edge("a")"#, 8, ")");
    check_symbol(r#"service("a", "b")"#, 11, ",");
    check_symbol("service(id())", 11, ")");
    check_symbol(r#"service("a") { }"#, 15, "}");
    check_symbol(r#"id(name: "a")"#, 0, "id");
}

#[test]
fn a_block_understands_only_what_it_can_answer() {
    check_symbol(r#"service("a") { user = "x" }"#, 15, "user");
    check_symbol(r#"edge("a", "b") { annotation.k }"#, 17, "annotation.k");
    check_same(r#"service("a") { annotation.k = "v" AND annotation[a.b] > 2 }"#);
    check_symbol(r#"service("a") { service("b") }"#, 15, "service");
    check_symbol(r#"edge("a", "b") { duration > 1 }"#, 17, "duration");
    check_symbol("rootcause.fault.entity { coverage > 0.5 }", 25, "coverage");
    check_symbol("rootcause.fault.service { message }", 26, "message");
    check_symbol("rootcause.responsetime.exception { name }", 0, "rootcause.responsetime.exception");
    check_symbol("rootcause.fault.service", 23, "<EOF>");
    check_symbol("rootcause.fault { first }", 0, "rootcause.fault");
    check_symbol("fault { ok }", 6, "{");
    check_symbol("root", 0, "root");
}

#[test]
fn root_causes_are_asked_by_part() {
    check_same(r#"rootcause.fault.service { type = "client" AND inferred AND account.id }"#);
    check_same("rootcause.error.entity { first OR !last AND index > 0 }");
    check_same(r#"rootcause.error.exception { name = "E" AND message CONTAINS "x" }"#);
    check_same(r#"rootcause.responsetime.service { name = "a" }"#);
}

#[test]
fn root_causes_are_asked_by_template() {
    let canonical = r#"rootcause.json = #[{"Services":[{"Name":"a"}]}]"#;
    check_same(canonical);
    check(r#"rootcause.json #[ { "Services" : [ {"Name":"a"} ] } ]"#, canonical);
    check(r#"JSON = #[{"Services":[{"Name":"a"}]}]"#, canonical);
    check(r#"rootcause.json != #[{}] ok"#, r#"rootcause.json != #[{}] AND ok"#);
    check_symbol("rootcause.json = #[1]", 17, "#[1]");
    check_symbol("rootcause.json = #[{},{}]", 17, "#[{},{}]");
    check_symbol("rootcause.json = #{}", 17, "#");
    check_symbol("rootcause.json", 14, "<EOF>");
    let error = r#"rootcause.json = #[{"a":]"#.parse::<Filter>().unwrap_err();
    assert_eq!((error.line, error.position), (1, 17));
    assert!(error.message.starts_with("Invalid JSON: "), "{error}");
}

#[test]
fn groups_are_asked_by_name_or_arn() {
    check_same(r#"group.name = "g" AND fault"#);
    check_same(r#"group.arn != "arn:aws:xray:us-east-1:1:group/g/X""#);
    check_symbol("group.name", 10, "<EOF>");
    check_symbol(r#"group.name CONTAINS "g""#, 11, "CONTAINS");
}

#[test]
fn an_error_says_where_it_is() {
    let error = r#"service(id(name: "front", type: "xx")) {{ fault }"#.parse::<Filter>().unwrap_err();
    assert_eq!(error.to_string(), "Error Location: line 1, position 40 : Invalid input symbol: '{'");
    check_error("ok\n AND\n  é", 3, 2, "Invalid input symbol: 'é'");
    check_error("user = \"é\" \u{1}", 1, 11, "Invalid input symbol: '\u{1}'");
    check_symbol("ok AND", 6, "<EOF>");
    check_symbol("AND ok", 0, "AND");
    check_symbol("ok OR OR fault", 6, "OR");
    check_symbol("(ok", 3, "<EOF>");
    check_symbol("ok)", 2, ")");
    check_symbol("ok & fault", 3, "&");
    check_symbol("foo", 0, "foo");
    check_symbol(&"x".repeat(5_000), 0, &format!("{}...", "x".repeat(40)));
}

#[test]
fn hostile_depth_and_length_are_refused() {
    let too_deep = "Expression is nested more than 100 levels deep";
    for opening in ["(", "!", "NOT "] {
        let text = format!("{}ok", opening.repeat(101));
        let error = text.parse::<Filter>().unwrap_err();
        assert_eq!(error.message, too_deep);
        assert_eq!((error.line, error.position), (1, 101 * opening.len()));
    }
    check(&format!("{}ok{}", "(".repeat(100), ")".repeat(100)), "ok");
    check_same(&format!("{}ok", "!".repeat(100)));
    for opening in ["(", "!", "[", "#[", "service(){", "\"", "ok "] {
        let text = opening.repeat(3_000_000 / opening.len());
        check_error(&text, 1, 0, "Expression is longer than 8192 bytes");
    }
    let nested_json = format!("json = #{}{}", "[".repeat(3_000), "]".repeat(3_000));
    assert!(nested_json.parse::<Filter>().unwrap_err().message.starts_with("Invalid JSON: recursion"));
}

#[test]
fn groups_are_replaced_by_their_expressions() {
    let expand = |text: &str| {
        let filter: Filter = text.parse().unwrap();
        let expanded = filter.with_groups(|group| match group.group_name() {
            "shop" => Some("service(\"shop\") OR fault".parse().unwrap()),
            "outer" => Some("group.name = \"shop\" ok".parse().unwrap()),
            "loop" => Some("group.name = \"loop\" group.name = \"loop\"".parse().unwrap()),
            "Default" => Some(Filter::default()),
            _ => None,
        });
        expanded.map(|filter| filter.to_string())
    };
    let shop = r#"service("shop") OR fault"#;
    assert_eq!(expand(r#"group.name = "shop""#).unwrap(), shop);
    assert_eq!(expand(r#"group.arn = "arn:aws:xray:r:1:group/shop/ID""#).unwrap(), shop);
    assert_eq!(expand(r#"group.name != "shop""#).unwrap(), format!("!({shop})"));
    assert_eq!(expand(r#"partial group.name = "outer""#).unwrap(), format!("partial AND ({shop}) AND ok"));
    assert_eq!(expand(r#"group.name = "Default""#).unwrap(), r#"group.name = "Default""#);
    assert_eq!(expand(r#"group.name = "no""#), Err(GroupError::Unknown("no".to_owned())));
    assert_eq!(expand(r#"group.name = "loop""#), Err(GroupError::Endless));
}

#[test]
fn filters_join_to_one() {
    let join = |left: &str, right: &str| {
        let (left, right): (Filter, Filter) = (left.parse().unwrap(), right.parse().unwrap());
        left.and(right).to_string()
    };
    assert_eq!(join("ok OR fault", "user"), "(ok OR fault) AND user");
    assert_eq!(join("", "user"), "user");
    assert_eq!(join("", ""), "");
}
