//! Entity selectors: `service(...)` or `edge(..., ...)`, without a block.

use std::fmt::{self, Write};

use model::NodeKey;
use model::minute::Alias;

use super::Quoted;

/// Selects nodes or edges of the rollups.
#[derive(Debug, Clone, PartialEq)]
pub enum Selector {
    Service(NodeSelector),
    Edge(NodeSelector, NodeSelector),
}

/// Every given field must be equal. `Display` is what stands between the parentheses of `service(...)`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeSelector {
    pub name: Option<String>,
    pub kind: Option<String>,
    pub account: Option<String>,
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(node) => write!(f, "service({node})"),
            Self::Edge(source, target) => write!(f, "edge({source}, {target})"),
        }
    }
}

impl fmt::Display for NodeSelector {
    /// What stands between the parentheses of `service(...)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self { name: Some(name), kind: None, account: None } = self {
            return Quoted(name).fmt(f);
        }
        let fields = [("name", &self.name), ("type", &self.kind), ("account.id", &self.account)];
        let mut opening = "id(";
        for (field, value) in fields {
            if let Some(value) = value {
                write!(f, "{opening}{field}: {}", Quoted(value))?;
                opening = ", ";
            }
        }
        // Nothing given: any node is written as nothing.
        if opening == ", " { f.write_char(')') } else { Ok(()) }
    }
}

impl NodeSelector {
    pub fn matches(&self, key: &NodeKey) -> bool {
        is_given(self.name.as_deref(), Some(&key.name))
            && is_given(self.kind.as_deref(), key.kind.as_deref())
            && is_given(self.account.as_deref(), key.account.as_deref())
    }

    /// Whether the target of an edge is meant by the other name that its caller has for it. An alias is of
    /// no account.
    pub fn matches_alias(&self, alias: &Alias) -> bool {
        is_given(self.name.as_deref(), Some(&alias.name))
            && is_given(self.kind.as_deref(), alias.kind.as_deref())
            && self.account.is_none()
    }
}

impl From<&NodeKey> for NodeSelector {
    /// Selects this node, and others of its name only where it has no type or no account itself.
    fn from(key: &NodeKey) -> Self {
        Self { name: Some(key.name.clone()), kind: key.kind.clone(), account: key.account.clone() }
    }
}

fn is_given(wanted: Option<&str>, actual: Option<&str>) -> bool {
    wanted.is_none_or(|wanted| actual == Some(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let selector: Selector = text.parse().unwrap();
        assert_eq!(selector.to_string(), expected);
        assert_eq!(expected.parse(), Ok(selector));
    }

    fn check_error(text: &str, expected: &str) {
        assert_eq!(text.parse::<Selector>().unwrap_err().to_string(), expected);
    }

    #[test]
    fn nodes_and_edges_are_selected_by_name_or_by_id() {
        check("service()", "service()");
        check(r#"SERVICE ( "a" )"#, r#"service("a")"#);
        check(
            r#"service(id(type: "AWS::EC2::Instance", name: "a"))"#,
            r#"service(id(name: "a", type: "AWS::EC2::Instance"))"#,
        );
        check(r#"edge("a", id(account.id:"1"))"#, r#"edge("a", id(account.id: "1"))"#);
        check(r#"edge(, "b")"#, r#"edge(, "b")"#);
    }

    #[test]
    fn a_block_is_refused_where_it_begins() {
        check_error(
            r#"service(id(name: "frontend", type: "x")){fault}"#,
            "Error Location: line 1, position 40 : Invalid input symbol: '{'",
        );
    }

    #[test]
    fn anything_else_than_one_selector_is_refused() {
        check_error("fault", "Error Location: line 1, position 0 : Invalid input symbol: 'fault'");
        check_error("service() ok", "Error Location: line 1, position 10 : Invalid input symbol: 'ok'");
        check_error("!service()", "Error Location: line 1, position 0 : Invalid input symbol: '!'");
        check_error("service(", "Error Location: line 1, position 8 : Invalid input symbol: '<EOF>'");
        check_error(
            r#"service(id(name: "a", name: "b"))"#,
            "Error Location: line 1, position 22 : Invalid input symbol: 'name'",
        );
    }

    #[test]
    fn the_length_is_bounded_as_in_xrays_api() {
        let expected = "Error Location: line 1, position 0 : Expression must have 1 to 500 characters";
        check_error("", expected);
        let name = "é".repeat(500 - r#"service("")"#.len());
        assert!(format!(r#"service("{name}")"#).parse::<Selector>().is_ok());
        check_error(&format!(r#"service("{name}e")"#), expected);
    }
}
