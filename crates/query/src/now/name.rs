//! Nodes, operations and texts by number, and which service answers under the name of a host.

use std::hash::Hash;

use ahash::AHashMap as HashMap;
use model::NodeKey;

use super::bins::Second;

/// Names told apart; further ones share a number. What makes a new name of each request must not fill the memory.
const MAX_NAMES: usize = 50_000;
/// Of the calls to a host with this operation, at least this share was answered by the service.
const MOST: f64 = 0.9;
/// Fewer answers tell nothing of an operation.
const LEAST_ANSWERS: u32 = 2;
/// With more answers all of them count half, so that a service that was renamed or moved away is forgotten.
const MOST_ANSWERS: u32 = 1_000;

/// The place of something in a table.
pub(super) type Id = u32;

/// Each value once, by its number.
#[derive(Debug)]
pub(super) struct Table<T> {
    ids: HashMap<T, Id>,
    values: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { ids: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    pub(super) fn id<Q>(&mut self, value: &Q) -> Id
    where
        Q: ?Sized + Hash + Eq + ToOwned<Owned = T>,
        T: std::borrow::Borrow<Q>,
    {
        if let Some(&id) = self.ids.get(value) {
            return id;
        }
        if self.values.len() >= MAX_NAMES {
            return 0;
        }
        let id = self.values.len() as Id;
        self.values.push(value.to_owned());
        self.ids.insert(value.to_owned(), id);
        id
    }

    pub(super) fn find<Q>(&self, value: &Q) -> Option<Id>
    where
        Q: ?Sized + Hash + Eq,
        T: std::borrow::Borrow<Q>,
    {
        self.ids.get(value).copied()
    }

    pub(super) fn get(&self, id: Id) -> Option<&T> {
        self.values.get(id as usize)
    }
}

/// Which services answered calls that were made under the name of a host, by operation.
#[derive(Debug, Default)]
pub(super) struct Hosts(HashMap<String, Answers>);

#[derive(Debug, Default)]
struct Answers {
    /// When somebody was answered well the last time.
    last: Option<Second>,
    by_operation: HashMap<String, HashMap<Id, u32>>,
    all: HashMap<Id, u32>,
}

impl Hosts {
    /// Somebody called `host` for this operation, and a segment of `service` answered.
    pub(super) fn answered(&mut self, host: &str, operation: Option<&str>, service: Id) {
        if self.0.len() >= MAX_NAMES && !self.0.contains_key(host) {
            return;
        }
        let answers = self.0.entry(host.to_owned()).or_default();
        note(&mut answers.all, service);
        let Some(operation) = operation else { return };
        for key in [operation, prefix(operation)] {
            if let Some(counts) = answers.by_operation.get_mut(key) {
                note(counts, service);
            } else if answers.by_operation.len() < MAX_NAMES / 100 {
                answers.by_operation.entry(key.to_owned()).or_default().insert(service, 1);
            }
        }
    }

    /// A call of the host went well.
    pub(super) fn went_well(&mut self, host: &str, at: Second) {
        if let Some(answers) = self.0.get_mut(host) {
            answers.last = answers.last.max(Some(at));
        }
    }

    /// When a call of the host went well the last time.
    pub(super) fn answered_at(&self, host: &str) -> Option<Second> {
        self.0.get(host)?.last
    }

    /// The service behind a host: the one that answers this operation, or this part of the paths, or the only one.
    pub(super) fn service(&self, host: &NodeKey, operation: Option<&str>) -> Option<Id> {
        let answers = self.0.get(&host.name)?;
        let main_one_of = |key: &str| main_one(answers.by_operation.get(key)?);
        let by_operation =
            operation.and_then(|operation| main_one_of(operation).or_else(|| main_one_of(prefix(operation))));
        by_operation.or_else(|| match answers.all.len() {
            1 => answers.all.keys().next().copied(),
            _ => None,
        })
    }

    /// The same under other numbers, without when it was; what has none is left out.
    pub(super) fn renumbered(&self, mut number: impl FnMut(Id) -> Option<Id>) -> Self {
        let mut counts = |counts: &HashMap<Id, u32>| -> HashMap<Id, u32> {
            counts.iter().filter_map(|(&service, &count)| Some((number(service)?, count))).collect()
        };
        let answers = self.0.iter().map(|(host, answers)| {
            let by_operation =
                answers.by_operation.iter().map(|(operation, of)| (operation.clone(), counts(of))).collect();
            (host.clone(), Answers { last: None, by_operation, all: counts(&answers.all) })
        });
        Self(answers.collect())
    }
}

fn note(counts: &mut HashMap<Id, u32>, service: Id) {
    let count = counts.entry(service).or_default();
    *count += 1;
    if *count > MOST_ANSWERS {
        counts.retain(|_, count| {
            *count /= 2;
            *count > 0
        });
    }
}

fn main_one(counts: &HashMap<Id, u32>) -> Option<Id> {
    let all: u32 = counts.values().sum();
    let (&service, &count) = counts.iter().max_by_key(|&(&service, &count)| (count, service))?;
    (count >= LEAST_ANSWERS && f64::from(count) >= f64::from(all) * MOST).then_some(service)
}

/// `GET /items/{id}` as `/items`: where balancers look.
fn prefix(operation: &str) -> &str {
    let path = operation.split_once(' ').map_or(operation, |(_, path)| path);
    let end = path.char_indices().skip(1).find(|&(_, character)| character == '/').map(|(at, _)| at);
    &path[..end.unwrap_or(path.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(name: &str) -> NodeKey {
        NodeKey { name: name.to_owned(), kind: Some("remote".to_owned()), account: None }
    }

    #[test]
    fn a_host_with_one_service_is_that_service() {
        let mut hosts = Hosts::default();
        hosts.answered("cart.internal", Some("GET /items/{id}"), 7);
        assert_eq!(hosts.service(&host("cart.internal"), None), Some(7));
        assert_eq!(hosts.service(&host("cart.internal"), Some("POST /elsewhere")), Some(7));
        assert_eq!(hosts.service(&host("elsewhere"), None), None);
    }

    #[test]
    fn a_service_that_has_another_name_now_is_forgotten() {
        let mut hosts = Hosts::default();
        (0..300).for_each(|_| hosts.answered("cart.internal", Some("GET /cart"), 7));
        hosts.answered("cart.internal", Some("GET /cart"), 8);
        assert_eq!(hosts.service(&host("cart.internal"), None), None);
        let answers = (1..).find(|_| {
            hosts.answered("cart.internal", Some("GET /cart"), 8);
            hosts.service(&host("cart.internal"), Some("GET /cart")) == Some(8)
        });
        assert!(answers.is_some_and(|answers| answers < 2 * MOST_ANSWERS), "{answers:?}");
        (0..10 * MOST_ANSWERS).for_each(|_| hosts.answered("cart.internal", None, 8));
        assert_eq!(hosts.service(&host("cart.internal"), None), Some(8));
    }

    #[test]
    fn names_are_the_same_under_other_numbers() {
        let mut hosts = Hosts::default();
        for (host, operation, service) in [("lb", "GET /a", 1), ("lb", "GET /b", 2), ("sole", "GET /c", 3)] {
            (0..3).for_each(|_| hosts.answered(host, Some(operation), service));
        }
        hosts.went_well("lb", 7);
        let other = hosts.renumbered(|id| (id != 2).then_some(id + 10));
        assert_eq!(other.service(&host("lb"), Some("GET /a")), Some(11));
        assert_eq!(other.service(&host("sole"), None), Some(13));
        assert_eq!(other.answered_at("lb"), None);
    }

    #[test]
    fn behind_a_balancer_the_operation_tells() {
        let mut hosts = Hosts::default();
        for _ in 0..18 {
            hosts.answered("lb", Some("GET /cart/{id}"), 1);
            hosts.answered("lb", Some("GET /stock/{id}"), 2);
        }
        let check = |hosts: &Hosts, operation, expected| {
            assert_eq!(hosts.service(&host("lb"), operation), expected, "{operation:?}");
        };
        check(&hosts, Some("GET /cart/{id}"), Some(1));
        check(&hosts, Some("POST /cart/{id}/items"), Some(1));
        check(&hosts, Some("/stock"), Some(2));
        check(&hosts, Some("GET /search"), None);
        check(&hosts, None, None);
        // Two of twenty come from elsewhere; three are too many.
        hosts.answered("lb", Some("GET /cart/{id}"), 3);
        hosts.answered("lb", Some("GET /cart/{id}"), 3);
        check(&hosts, Some("GET /cart/{id}"), Some(1));
        hosts.answered("lb", Some("GET /cart/{id}"), 3);
        check(&hosts, Some("GET /cart/{id}"), None);
    }

    #[test]
    fn each_value_has_one_number() {
        let mut table: Table<String> = Table::default();
        assert_eq!([table.id("a"), table.id("b"), table.id("a")], [0, 1, 0]);
        assert_eq!((table.find("b"), table.find("c")), (Some(1), None));
        assert_eq!(table.get(1).map(String::as_str), Some("b"));
    }
}
