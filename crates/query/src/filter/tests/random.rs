//! Properties of all expressions: printing and parsing are each other's opposite, arbitrary text does no
//! harm, and no store that tests the predicate misses a trace that matches.

use std::sync::Arc;

use model::digest::{
    AnnotationSet, EdgeDigest, ExceptionDigest, NodeDigest, Request, RootCause, RootCauseEntity,
    RootCauseService, RootDigest,
};
use model::minute::{Alias, EdgeKind};
use model::property::{CauseKind, Comparator, TextMatch};
use model::segment::{Annotation, AnnotationValue, Flags, Http, Sequence};
use model::{Coarse, EntityId, Micros, Minute, NodeKey, NodeKind, TimeRange, TraceDigest, TraceId};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use store::{Axis, Commit, TraceStore};
use store_local::LocalStore;

use super::super::syntax::{
    AnnotationTest, CausePart, GroupReference, NumberTest, Scope, Term, TextTest, Word,
};
use super::super::{Expression, Filter};
use crate::search::{Hunt, search};
use crate::selector::{NodeSelector, Selector};
use crate::testing::{at, blank_digest};

proptest! {
    #[test]
    fn printing_and_parsing_are_each_others_opposite(filter in filter(any_text().boxed())) {
        prop_assert_eq!(filter.to_string().parse(), Ok(filter));
    }

    #[test]
    fn selectors_too(source in node_selector(any_text().boxed()), target in node_selector(any_text().boxed())) {
        for selector in [Selector::Service(source.clone()), Selector::Edge(source, target)] {
            prop_assert_eq!(selector.to_string().parse(), Ok(selector));
        }
    }

    #[test]
    fn arbitrary_text_is_read_or_refused(text in any::<String>()) {
        let _ = text.parse::<Filter>();
    }

    /// Closer to expressions than arbitrary text, so that it gets further.
    #[test]
    fn arbitrary_words_are_read_or_refused(words in vec(fragment(), 0..12)) {
        let text = words.concat();
        match text.parse::<Filter>() {
            Ok(filter) => prop_assert_eq!(filter.to_string().parse(), Ok(filter)),
            Err(error) => {
                let line = text.split('\n').nth(error.line - 1);
                prop_assert!(line.is_some_and(|line| error.position <= line.chars().count()), "{}", error);
            }
        }
    }

    #[test]
    fn a_store_misses_no_match(filter in filter(few_words().boxed()), digests in vec(digest(), 1..8)) {
        let predicate = filter.predicate();
        for digest in digests {
            prop_assert!(!filter.matches(&digest) || predicate.may_match(&digest), "{} as {:?}", filter, predicate);
        }
    }
}

proptest! {
    // Each makes a data directory.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_parts_rule_out_does_not_match(
        filters in vec(filter(few_words().boxed()), 30),
        digests in vec(digest(), 1..40),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut config = store_local::Config::new(directory.path());
        config.flush_min_bytes = 1;
        let digests: Vec<Arc<TraceDigest>> = digests.into_iter().zip(0..).map(numbered).collect();
        let commit = Commit { through: Sequence(0).into(), digests: digests.clone(), minutes: Vec::new(), ..Commit::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let store = LocalStore::open(config.clone()).unwrap();
            store.commit(commit).await.unwrap();
            // What is closed is in parts.
            store.close().await.unwrap();
            drop(store);
            let store = LocalStore::open(config).unwrap();
            for filter in filters {
                let range = TimeRange::new(at(-1.0), at(1e6));
                let hunt =
                    Hunt { range, axis: Axis::Start, filter: &filter, after: None, wanted: 7, limit: u64::MAX };
                let found = search(&store, hunt, |_| true).await.unwrap();
                let mut all = found.digests;
                if found.next.is_some() {
                    let hunt = Hunt { after: found.next, wanted: 1_000, ..hunt };
                    all.extend(search(&store, hunt, |_| true).await.unwrap().digests);
                }
                let matching = digests.iter().rev().filter(|digest| filter.matches(digest));
                let expected: Vec<TraceId> = matching.map(|digest| digest.id).collect();
                let ids: Vec<TraceId> = all.iter().map(|digest| digest.id).collect();
                assert_eq!(ids, expected, "{filter} as {:?}", filter.predicate());
                // They come back as they were.
                assert!(all.iter().all(|found| digests.contains(found)));
            }
        });
    }
}

/// A second after the one before.
fn numbered((mut digest, number): (TraceDigest, u32)) -> Arc<TraceDigest> {
    digest.id = TraceId(u128::from(number).to_be_bytes());
    let start = at(f64::from(number));
    digest.end = digest.end.map(|end| start.plus(digest.start.until(end)));
    digest.start = start;
    Arc::new(digest)
}

type Text = BoxedStrategy<String>;

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,4}", "[\"\\\\\\[\\] .\n{}#é!]{0,4}", any::<String>()]
        .prop_map(|text| text.chars().take(12).collect())
}

/// So few that random filters meet random digests.
fn few_words() -> impl Strategy<Value = String> {
    select(vec!["a", "b", "ab", ""]).prop_map(str::to_owned)
}

fn fragment() -> impl Strategy<Value = &'static str> {
    let signs =
        ["(", ")", "{", "}", "[", "]", ",", ":", "!", "=", "!=", "<", ">=", "#[{}]", "\"a\"", "\"", "5", "-"];
    let words =
        ["AND", "or", "not", "true", "contains", "service", "edge", "id", "name", "annotation.k", "json"];
    let causes = ["rootcause.fault.entity", "group.name", "annotation", "é", "\n"];
    let keywords = Word::all().map(Word::text);
    // Spaces are as likely as all else, so that words stay apart.
    let all: Vec<&str> = signs.into_iter().chain(words).chain(causes).chain(keywords).collect();
    prop_oneof![Just(" "), select(all)]
}

fn number() -> impl Strategy<Value = f64> {
    select(vec![0.0, 0.5, 1.0, 2.0, -1.5, 200.0, 429.0, 1e21, 1e-7])
}

fn comparator() -> impl Strategy<Value = Comparator> {
    select(vec![
        Comparator::Equal,
        Comparator::NotEqual,
        Comparator::Less,
        Comparator::LessOrEqual,
        Comparator::Greater,
        Comparator::GreaterOrEqual,
    ])
}

fn text_comparator() -> impl Strategy<Value = TextMatch> {
    select(vec![
        TextMatch::Equal,
        TextMatch::NotEqual,
        TextMatch::Contains,
        TextMatch::BeginsWith,
        TextMatch::EndsWith,
    ])
}

fn filter(text: Text) -> impl Strategy<Value = Filter> {
    option::weighted(0.95, tree(trace_term(text))).prop_map(|expression| Filter { expression })
}

fn tree(term: BoxedStrategy<Term>) -> BoxedStrategy<Expression> {
    let leaf = term.prop_map(Expression::Term);
    leaf.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 1..4).prop_map(Expression::all),
            vec(inner.clone(), 1..4).prop_map(Expression::any),
            inner.prop_map(|operand| Expression::Not(Box::new(operand))),
        ]
    })
    .boxed()
}

/// Any keyword of the scope with any test that it takes.
fn word_term(scope: Scope, text: Text) -> BoxedStrategy<Term> {
    let words: Vec<Word> = Word::all().filter(|word| word.scopes().contains(&scope)).collect();
    let number_test = option::of((comparator(), number()));
    let text_test = option::of((text_comparator(), text));
    (select(words), any::<bool>(), number_test, text_test)
        .prop_map(|(word, flag, number_test, text_test)| match word {
            Word::Flag(word) => Term::Flag(word, flag),
            Word::Number(word) => {
                let test =
                    number_test.map_or(NumberTest::Set, |(how, value)| NumberTest::Compare(how, value));
                Term::Number(word, test)
            }
            Word::Text(word) => {
                let test = text_test.map_or(TextTest::Set, |(how, value)| TextTest::Compare(how, value));
                Term::Text(word, test)
            }
        })
        .boxed()
}

fn block(scope: Scope, text: Text) -> BoxedStrategy<Box<Expression>> {
    let words = word_term(scope, text.clone());
    let terms = if scope == Scope::Node { prop_oneof![words, annotation(text)].boxed() } else { words };
    tree(terms).prop_map(Box::new).boxed()
}

fn trace_term(text: Text) -> BoxedStrategy<Term> {
    let node = node_selector(text.clone()).boxed();
    let service = (node.clone(), option::of(block(Scope::Node, text.clone())));
    let edge = (node.clone(), node, option::of(block(Scope::Edge, text.clone())));
    let group = (text.clone(), any::<bool>(), any::<bool>());
    prop_oneof![
        4 => word_term(Scope::Trace, text.clone()),
        2 => annotation(text.clone()),
        1 => service.prop_map(|(node, block)| Term::Service(node, block)),
        1 => edge.prop_map(|(source, target, block)| Term::Edge(source, target, block)),
        1 => group.prop_map(|(value, is_name, equal)| {
            let reference = if is_name { GroupReference::Name(value) } else { GroupReference::Arn(value) };
            Term::Group { reference, equal }
        }),
        1 => root_cause(&text),
        1 => (template(text), any::<bool>()).prop_map(|(template, equal)| Term::Template { template, equal }),
    ]
    .boxed()
}

fn annotation(text: Text) -> BoxedStrategy<Term> {
    let test = prop_oneof![
        Just(AnnotationTest::Set),
        (comparator(), number()).prop_map(|(how, value)| AnnotationTest::Number(how, value)),
        (text_comparator(), text.clone()).prop_map(|(how, value)| AnnotationTest::Text(how, value)),
        any::<(bool, bool)>().prop_map(|(equal, value)| AnnotationTest::Boolean { equal, value }),
    ];
    let key = text.prop_map(|key| if key.is_empty() { "k".to_owned() } else { key });
    (key, test).prop_map(|(key, test)| Term::Annotation(key, test)).boxed()
}

fn root_cause(text: &Text) -> BoxedStrategy<Term> {
    let cause = |kind: CauseKind, part: CausePart| {
        let scope = part.scope(kind).expect("a part that this kind has");
        block(scope, text.clone()).prop_map(move |block| Term::RootCause(kind, part, block))
    };
    prop_oneof![
        cause(CauseKind::Fault, CausePart::Service),
        cause(CauseKind::Error, CausePart::Entity),
        cause(CauseKind::Fault, CausePart::Exception),
        cause(CauseKind::ResponseTime, CausePart::Entity),
    ]
    .boxed()
}

fn template(text: Text) -> impl Strategy<Value = Value> {
    let services = vec(text.prop_map(|name| json!({ "Name": name, "Inferred": false })), 0..3);
    services.prop_map(|services| json!({ "Services": services }))
}

fn node_selector(text: Text) -> impl Strategy<Value = NodeSelector> {
    let fields = (option::of(text.clone()), option::weighted(0.3, text.clone()), option::weighted(0.1, text));
    fields.prop_map(|(name, kind, account)| NodeSelector { name, kind, account })
}

fn flags() -> impl Strategy<Value = Flags> {
    any::<(bool, bool, bool)>().prop_map(|(error, throttle, fault)| Flags { error, throttle, fault })
}

fn micros() -> impl Strategy<Value = Option<Micros>> {
    option::of(select(vec![0, 499_999, 500_000, 1_000_000, 2_000_000]).prop_map(Micros))
}

fn request() -> impl Strategy<Value = Request> {
    (flags(), micros(), micros(), micros()).prop_map(|(flags, response_time, duration, own)| Request {
        minute: Minute(0),
        flags,
        response_time,
        duration,
        own: own.map(Coarse::of),
        operation: None,
        exceptions: Vec::new(),
    })
}

fn node_key() -> impl Strategy<Value = NodeKey> {
    let fields = (few_words(), option::of(few_words()), option::weighted(0.1, few_words()));
    fields.prop_map(|(name, kind, account)| NodeKey { name, kind, account })
}

fn node() -> impl Strategy<Value = NodeDigest> {
    let kind = select(vec![NodeKind::Service, NodeKind::Aws, NodeKind::Remote, NodeKind::Client]);
    (node_key(), kind, any::<bool>(), vec(request(), 0..3)).prop_map(|(key, kind, is_root, requests)| {
        NodeDigest { key, kind, is_root, delay_millis: None, requests }
    })
}

fn edge() -> impl Strategy<Value = EdgeDigest> {
    let alias = (few_words(), option::of(few_words())).prop_map(|(name, kind)| Alias { name, kind });
    (0..3_u32, 0..3_u32, vec(alias, 0..2), vec(request(), 0..2)).prop_map(
        |(source, target, aliases, requests)| EdgeDigest {
            source,
            target,
            kind: EdgeKind::Call,
            aliases,
            requests,
        },
    )
}

fn cause() -> impl Strategy<Value = RootCause> {
    let name = few_words().prop_map(Some);
    let exception = name.prop_map(|name| ExceptionDigest { name, message: None });
    let coverage = option::of(number());
    let entity = (few_words(), any::<bool>(), coverage, vec(exception, 0..2)).prop_map(
        |(name, remote, coverage, exceptions)| RootCauseEntity { name, remote, coverage, exceptions },
    );
    let service = (node_key(), any::<bool>(), vec(entity, 0..3))
        .prop_map(|(key, inferred, entities)| RootCauseService { key, inferred, entities });
    vec(service, 0..3).prop_map(|services| RootCause { services, client_impacting: true })
}

fn root() -> impl Strategy<Value = RootDigest> {
    let words = || option::of(few_words());
    let status = option::of(select(vec![200, 429]));
    (micros(), flags(), words(), words(), words(), words(), status).prop_map(
        |(response_time, flags, method, url, user_agent, client_ip, status)| RootDigest {
            id: EntityId(1),
            node: 0,
            start: at(0.0),
            response_time,
            flags,
            http: Http { method, url, user_agent, client_ip, status },
            endpoint: None,
        },
    )
}

fn annotations() -> impl Strategy<Value = Vec<Annotation>> {
    let value = prop_oneof![
        few_words().prop_map(AnnotationValue::String),
        number().prop_map(AnnotationValue::Number),
        any::<bool>().prop_map(AnnotationValue::Boolean),
    ];
    vec((select(vec!["a", "b", "k"]), value), 0..4).prop_map(|annotations| {
        let annotation = |(key, value): (&str, _)| Annotation { key: key.to_owned(), value };
        annotations.into_iter().map(annotation).collect()
    })
}

fn digest() -> impl Strategy<Value = TraceDigest> {
    let facts = (option::of(root()), any::<bool>(), any::<bool>(), micros(), annotations());
    let lists = (vec(few_words(), 0..3), vec(few_words(), 0..2), vec(few_words(), 0..2));
    let graph = (vec(node(), 3..5), vec(edge(), 0..3), vec(cause(), 0..2), vec(cause(), 0..2));
    (facts, lists, graph).prop_map(|(facts, (users, zones, groups), graph)| {
        let mut digest = blank_digest();
        let (root, has_throttle, is_partial, duration, annotations) = facts;
        (digest.root, digest.has_throttle, digest.is_partial) = (root, has_throttle, is_partial);
        digest.end = duration.map(|duration| digest.start.plus(duration));
        (digest.annotations, digest.users, digest.availability_zones) = (annotations, users, zones);
        let set = |node: u32| AnnotationSet { node: Some(node), count: 1 };
        digest.annotation_sets = (0..digest.annotations.len() as u32).map(|index| set(index % 3)).collect();
        digest.groups = groups.into_iter().map(|group| (group, Minute(0))).collect();
        (digest.nodes, digest.edges, digest.fault_causes, digest.response_time_causes) = graph;
        digest
    })
}
