//! What an expression means: evaluation on a digest, and inside blocks on one part of it.

use model::digest::{
    EdgeDigest, ExceptionDigest, NodeDigest, Request, RootCause, RootCauseEntity, RootCauseService,
};
use model::property::{CauseKind, Comparator, Flag, Number, Text, TextMatch};
use model::segment::{Annotation, AnnotationValue};
use model::{Micros, TraceDigest, group};

use super::selector::NodeSelector;
use super::syntax::{
    AnnotationTest, CausePart, Expression, FlagWord, GroupReference, NumberTest, NumberWord, Term, TextTest,
    TextWord,
};
use super::template;

pub(super) fn matches(expression: &Expression, digest: &TraceDigest) -> bool {
    holds(expression, &Subject::Trace(digest))
}

/// What the words of an expression speak about. The parser lets only words through that mean something
/// for the subject; any other would be false or absent here.
enum Subject<'a> {
    Trace(&'a TraceDigest),
    Node { node: &'a NodeDigest, request: &'a Request, of: OfTrace<'a> },
    Edge(&'a Request),
    Service { service: &'a RootCauseService, place: Place },
    Entity { entity: &'a RootCauseEntity, place: Place },
    Exception { exception: &'a ExceptionDigest, place: Place },
}

/// What the trace says of the node that is meant, by its place.
#[derive(Clone, Copy)]
struct OfTrace<'a> {
    digest: &'a TraceDigest,
    node: usize,
}

/// Where an element stands in its list, from 0.
#[derive(Clone, Copy)]
struct Place {
    index: usize,
    length: usize,
}

fn holds(expression: &Expression, subject: &Subject<'_>) -> bool {
    match expression {
        Expression::And(members) => members.iter().all(|member| holds(member, subject)),
        Expression::Or(members) => members.iter().any(|member| holds(member, subject)),
        Expression::Not(operand) => !holds(operand, subject),
        Expression::Term(term) => term_holds(term, subject),
    }
}

fn term_holds(term: &Term, subject: &Subject<'_>) -> bool {
    match (term, subject) {
        (Term::Flag(word, wanted), _) => subject.flag(*word) == *wanted,
        (Term::Number(word, test), _) => number_holds(test, subject.number(*word)),
        (Term::Text(word, test), _) => subject.text_holds(*word, test),
        (Term::Annotation(key, test), Subject::Trace(digest)) => {
            annotation_holds(key, test, || digest.annotations.iter())
        }
        (Term::Annotation(key, test), Subject::Node { of, .. }) => {
            annotation_holds(key, test, || of.digest.annotations_of(of.node))
        }
        (Term::Service(node, block), Subject::Trace(digest)) => service_holds(node, block.as_deref(), digest),
        (Term::Edge(source, target, block), Subject::Trace(digest)) => {
            edge_holds(source, target, block.as_deref(), digest)
        }
        (Term::Group { reference, equal }, Subject::Trace(digest)) => belongs_to(reference, digest) == *equal,
        (Term::RootCause(kind, part, block), Subject::Trace(digest)) => {
            kind.of(digest).iter().any(|cause| cause_holds(cause, *part, block))
        }
        (Term::Template { template, equal }, Subject::Trace(digest)) => {
            let mut kinds = CauseKind::ALL.into_iter();
            kinds.any(|kind| template::matches_any(template, kind, kind.of(digest))) == *equal
        }
        _ => false,
    }
}

impl Subject<'_> {
    fn flag(&self, word: FlagWord) -> bool {
        match (self, word) {
            (Self::Trace(digest), FlagWord::Of(flag)) => flag.of(digest),
            (Self::Node { node, .. }, FlagWord::Of(Flag::Inferred)) => node.kind.is_inferred(),
            (Self::Node { node, .. }, FlagWord::Root) => node.is_root,
            (Self::Node { request, .. } | Self::Edge(request), FlagWord::Of(flag)) => {
                flag.of_response(request.flags)
            }
            (Self::Service { service, .. }, FlagWord::Of(Flag::Inferred)) => service.inferred,
            (Self::Entity { entity, .. }, FlagWord::Remote) => entity.remote,
            (
                Self::Service { place, .. } | Self::Entity { place, .. } | Self::Exception { place, .. },
                word,
            ) => place.flag(word),
            _ => false,
        }
    }

    fn number(&self, word: NumberWord) -> Option<f64> {
        match (self, word) {
            (Self::Trace(digest), NumberWord::Of(number)) => number.of(digest),
            (Self::Node { request, .. } | Self::Edge(request), NumberWord::Of(Number::ResponseTime)) => {
                request.response_time.map(Micros::as_seconds)
            }
            (Self::Node { request, .. }, NumberWord::Of(Number::Duration)) => {
                request.duration.map(Micros::as_seconds)
            }
            (Self::Node { request, .. }, NumberWord::Of(Number::SelfTime)) => {
                request.own.map(|own| own.micros().as_seconds())
            }
            (Self::Entity { entity, .. }, NumberWord::Coverage) => entity.coverage,
            (
                Self::Service { place, .. } | Self::Entity { place, .. } | Self::Exception { place, .. },
                NumberWord::Index,
            ) => Some(place.index as f64),
            _ => None,
        }
    }

    /// A word may have several values: `!=` is true where none equals, every other test where any passes.
    fn text_holds(&self, word: TextWord, test: &TextTest) -> bool {
        match test {
            TextTest::Set => self.any_text(word, |_| true),
            TextTest::Compare(TextMatch::NotEqual, wanted) => !self.any_text(word, |text| text == wanted),
            TextTest::Compare(comparator, wanted) => {
                self.any_text(word, |text| comparator.holds(text, wanted))
            }
        }
    }

    fn any_text(&self, word: TextWord, passes: impl Fn(&str) -> bool) -> bool {
        let one = match (self, word) {
            (Self::Trace(digest), TextWord::Of(text)) => return text.any(digest, passes),
            (Self::Node { of, .. }, TextWord::Of(Text::Version)) => {
                let mut of_node = of.digest.versions.iter().filter(|(node, _)| *node as usize == of.node);
                return of_node.any(|(_, version)| passes(version));
            }
            (Self::Node { node, .. }, TextWord::Name) => Some(&node.key.name),
            (Self::Node { node, .. }, TextWord::Type) => node.key.kind.as_ref(),
            (Self::Node { node, .. }, TextWord::Of(Text::AccountId)) => node.key.account.as_ref(),
            (Self::Service { service, .. }, TextWord::Name) => Some(&service.key.name),
            (Self::Service { service, .. }, TextWord::Type) => service.key.kind.as_ref(),
            (Self::Service { service, .. }, TextWord::Of(Text::AccountId)) => service.key.account.as_ref(),
            (Self::Entity { entity, .. }, TextWord::Name) => Some(&entity.name),
            (Self::Exception { exception, .. }, TextWord::Name) => exception.name.as_ref(),
            (Self::Exception { exception, .. }, TextWord::Message) => exception.message.as_ref(),
            _ => None,
        };
        one.is_some_and(|text| passes(text))
    }
}

impl Place {
    fn flag(self, word: FlagWord) -> bool {
        match word {
            FlagWord::First => self.index == 0,
            FlagWord::Last => self.index + 1 == self.length,
            _ => false,
        }
    }
}

fn number_holds(test: &NumberTest, value: Option<f64>) -> bool {
    match test {
        NumberTest::Set => value.is_some(),
        // As with several values: true where none equals, so also where there is none.
        NumberTest::Compare(Comparator::NotEqual, wanted) => value != Some(*wanted),
        NumberTest::Compare(comparator, wanted) => {
            value.is_some_and(|value| comparator.holds(value, *wanted))
        }
    }
}

/// A value of another type than the test's is not equal to anything and passes nothing.
fn annotation_holds<'a, I: Iterator<Item = &'a Annotation>>(
    key: &str,
    test: &AnnotationTest,
    annotations: impl Fn() -> I,
) -> bool {
    let any = |passes: &dyn Fn(&AnnotationValue) -> bool| {
        annotations().any(|annotation| annotation.key == key && passes(&annotation.value))
    };
    match test {
        AnnotationTest::Set => any(&|value| *value != AnnotationValue::Boolean(false)),
        AnnotationTest::Number(Comparator::NotEqual, wanted) => {
            !any(&|value| *value == AnnotationValue::Number(*wanted))
        }
        AnnotationTest::Number(comparator, wanted) => any(&|value| match value {
            AnnotationValue::Number(number) => comparator.holds(*number, *wanted),
            _ => false,
        }),
        AnnotationTest::Text(TextMatch::NotEqual, wanted) => {
            !any(&|value| matches!(value, AnnotationValue::String(text) if text == wanted))
        }
        AnnotationTest::Text(comparator, wanted) => any(&|value| match value {
            AnnotationValue::String(text) => comparator.holds(text, wanted),
            _ => false,
        }),
        AnnotationTest::Boolean { equal, value: wanted } => {
            any(&|value| *value == AnnotationValue::Boolean(*wanted)) == *equal
        }
    }
}

/// With a block, one and the same request to the node passes the whole of it; a client has no requests.
fn service_holds(selector: &NodeSelector, block: Option<&Expression>, digest: &TraceDigest) -> bool {
    match block {
        None => digest.nodes.iter().any(|node| selector.matches(&node.key)),
        Some(_) => service_request(selector, block, digest).is_some(),
    }
}

/// The first request to a selected node that passes the block.
fn service_request<'a>(
    selector: &NodeSelector,
    block: Option<&Expression>,
    digest: &'a TraceDigest,
) -> Option<&'a Request> {
    let mut nodes = digest.nodes.iter().enumerate().filter(|(_, node)| selector.matches(&node.key));
    nodes.find_map(|(index, node)| {
        let of = OfTrace { digest, node: index };
        let passes =
            |request: &&Request| block.is_none_or(|block| holds(block, &Subject::Node { node, request, of }));
        node.requests.iter().find(passes)
    })
}

fn edge_holds(
    source: &NodeSelector,
    target: &NodeSelector,
    block: Option<&Expression>,
    digest: &TraceDigest,
) -> bool {
    match block {
        None => selected_edges(source, target, digest).next().is_some(),
        Some(_) => edge_request(source, target, block, digest).is_some(),
    }
}

/// The first call over a selected edge that passes the block.
fn edge_request<'a>(
    source: &NodeSelector,
    target: &NodeSelector,
    block: Option<&Expression>,
    digest: &'a TraceDigest,
) -> Option<&'a Request> {
    let passes = |request: &&Request| block.is_none_or(|block| holds(block, &Subject::Edge(request)));
    selected_edges(source, target, digest).find_map(|edge| edge.requests.iter().find(passes))
}

fn selected_edges<'a>(
    source: &NodeSelector,
    target: &NodeSelector,
    digest: &'a TraceDigest,
) -> impl Iterator<Item = &'a EdgeDigest> {
    let is_selected = move |edge: &&EdgeDigest| {
        let key = |index: u32| digest.nodes.get(index as usize).map(|node| &node.key);
        key(edge.source).is_some_and(|key| source.matches(key))
            && (key(edge.target).is_some_and(|key| target.matches(key))
                || edge.aliases.iter().any(|alias| target.matches_alias(alias)))
    };
    digest.edges.iter().filter(is_selected)
}

/// What of a trace made it match: a request to the node that the first `service(...)` selects, and a call over the
/// edge that the first `edge(...)` does. What is denied selects nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Matched<'a> {
    pub service: Option<&'a Request>,
    pub edge: Option<&'a Request>,
}

pub(super) fn matched<'a>(expression: &Expression, digest: &'a TraceDigest) -> Matched<'a> {
    match expression {
        Expression::And(members) | Expression::Or(members) => {
            members.iter().fold(Matched::default(), |found, member| {
                let more = matched(member, digest);
                Matched { service: found.service.or(more.service), edge: found.edge.or(more.edge) }
            })
        }
        Expression::Term(Term::Service(node, block)) => {
            let service = service_request(node, block.as_deref(), digest);
            Matched { service, edge: None }
        }
        Expression::Term(Term::Edge(source, target, block)) => {
            let edge = edge_request(source, target, block.as_deref(), digest);
            Matched { service: None, edge }
        }
        Expression::Not(_) | Expression::Term(_) => Matched::default(),
    }
}

/// Whether the trace was put into the group when it arrived. Who wants the group's expression of today
/// puts it in place first; see [`super::Filter::with_groups`].
fn belongs_to(reference: &GroupReference, digest: &TraceDigest) -> bool {
    let name = reference.group_name();
    name == group::DEFAULT || digest.groups.iter().any(|(key, _)| group::name_of(key) == name)
}

fn cause_holds(cause: &RootCause, part: CausePart, block: &Expression) -> bool {
    let entities = cause.services.iter().flat_map(|service| placed(&service.entities));
    match part {
        CausePart::Service => {
            placed(&cause.services).any(|(place, service)| holds(block, &Subject::Service { service, place }))
        }
        CausePart::Entity => {
            { entities }.any(|(place, entity)| holds(block, &Subject::Entity { entity, place }))
        }
        CausePart::Exception => entities
            .flat_map(|(_, entity)| placed(&entity.exceptions))
            .any(|(place, exception)| holds(block, &Subject::Exception { exception, place })),
    }
}

fn placed<T>(list: &[T]) -> impl Iterator<Item = (Place, &T)> {
    list.iter().enumerate().map(|(index, item)| (Place { index, length: list.len() }, item))
}
