//! Trees from the forms of AWS's query protocol: `Dimensions.member.1.Name=ServiceName`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::tree::Tree;

/// Names in a path such as `Metrics.member.1.MetricStat.Metric.Dimensions.member.1.Name`, and some more.
const MAX_DEPTH: usize = 16;
/// PutMetricAlarm has some hundreds at most.
const MAX_FIELDS: usize = 20_000;

#[derive(Debug, Default)]
struct Node<'a> {
    text: Option<Cow<'a, str>>,
    members: BTreeMap<String, Node<'a>>,
}

/// All fields but `Action` and `Version`, which name the operation.
pub(super) fn read(body: &[u8]) -> Result<Tree, String> {
    let mut root = Node::default();
    for (number, (path, value)) in form_urlencoded::parse(body).enumerate() {
        if number >= MAX_FIELDS {
            return Err(format!("the form has more than {MAX_FIELDS} fields"));
        }
        if matches!(&*path, "Action" | "Version") {
            continue;
        }
        let mut node = &mut root;
        for (depth, name) in path.split('.').enumerate() {
            if depth >= MAX_DEPTH {
                return Err(format!("the field {:?} is nested too deeply", short(&path)));
            }
            node = node.members.entry(name.to_owned()).or_default();
        }
        node.text = Some(value);
    }
    match tree(root) {
        tree @ Tree::Object(_) => Ok(tree),
        _ => Ok(Tree::Object(Vec::new())),
    }
}

/// The field of that name.
pub(super) fn field<'a>(body: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(body).find(|(key, _)| key == name).map(|(_, value)| value)
}

fn short(text: &str) -> String {
    text.chars().take(80).collect()
}

fn tree(node: Node<'_>) -> Tree {
    let mut members = node.members;
    if members.is_empty() {
        return Tree::Text(node.text.unwrap_or_default().into_owned());
    }
    if members.len() == 1 {
        if let Some(list) = members.remove("member") {
            return Tree::List(in_order(list.members));
        }
        if let Some(map) = members.remove("entry") {
            return Tree::Object(in_order(map.members).iter().filter_map(entry).collect());
        }
    }
    Tree::Object(members.into_iter().map(|(name, member)| (Cow::Owned(name), tree(member))).collect())
}

/// By number, and what has none last.
fn in_order(members: BTreeMap<String, Node<'_>>) -> Vec<Tree> {
    let mut items: Vec<(u32, Node<'_>)> =
        members.into_iter().map(|(number, node)| (number.parse().unwrap_or(u32::MAX), node)).collect();
    items.sort_by_key(|(number, _)| *number);
    items.into_iter().map(|(_, node)| tree(node)).collect()
}

/// A pair of a map: `key` and `value`, as SNS writes attributes, or `Name` and `Value`, as it writes those of messages.
fn entry(pair: &Tree) -> Option<(Cow<'static, str>, Tree)> {
    let key = pair.get("key").or_else(|| pair.get("Name"))?;
    let value = pair.get("value").or_else(|| pair.get("Value"))?;
    let Tree::Text(key) = key else { return None };
    Some((Cow::Owned(key.clone()), value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_structures_are_found_in_the_names_of_fields() {
        let form = b"Action=PutMetricAlarm&Version=2010-08-01&AlarmName=a%20b&OKActions=&Dimensions.member.2.Name=y\
            &Dimensions.member.10.Name=z&Dimensions.member.1.Name=x&Attributes.entry.1.key=k&Attributes.entry.1.value=v";
        let names = ["x", "y", "z"].map(|name| Tree::object([("Name", name.into())]));
        let expected = Tree::object([
            ("AlarmName", "a b".into()),
            ("Attributes", Tree::object([("k", "v".into())])),
            ("Dimensions", Tree::list(names)),
            ("OKActions", "".into()),
        ]);
        assert_eq!(read(form), Ok(expected));
        assert_eq!(field(form, "Action").as_deref(), Some("PutMetricAlarm"));
    }

    #[test]
    fn what_is_too_much_is_refused() {
        assert!(read("a.".repeat(50).as_bytes()).is_err());
        assert!(read("a=1&".repeat(MAX_FIELDS + 1).as_bytes()).is_err());
        assert_eq!(read(b""), Ok(Tree::Object(Vec::new())));
    }
}
