//! The tree of a filter expression, and the words that it is made of with the places where each may stand.

use model::property::{CauseKind, Comparator, Flag, Number, Text, TextMatch};
use serde_json::Value;

use super::selector::NodeSelector;

/// A tree in normal form: no `And` directly inside an `And`, no `Or` directly inside an `Or`, and neither
/// with fewer than two members. [`Expression::all`] and [`Expression::any`] keep it so.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Term(Term),
}

/// One condition. Which of them may stand in which block is up to the parser; see [`Scope`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Term {
    /// `fault`, `fault = false`: the flag has this value.
    Flag(FlagWord, bool),
    Number(NumberWord, NumberTest),
    Text(TextWord, TextTest),
    Annotation(String, AnnotationTest),
    Service(NodeSelector, Option<Box<Expression>>),
    Edge(NodeSelector, NodeSelector, Option<Box<Expression>>),
    Group {
        reference: GroupReference,
        equal: bool,
    },
    RootCause(CauseKind, CausePart, Box<Expression>),
    /// `rootcause.json = #[{...}]`
    Template {
        template: Value,
        equal: bool,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum NumberTest {
    Set,
    Compare(Comparator, f64),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TextTest {
    Set,
    Compare(TextMatch, String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AnnotationTest {
    /// Of a boolean, whether it is true; of anything else, whether it is there.
    Set,
    Number(Comparator, f64),
    Text(TextMatch, String),
    Boolean {
        equal: bool,
        value: bool,
    },
}

/// A group as an expression names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GroupReference {
    Name(String),
    Arn(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CausePart {
    Service,
    Entity,
    Exception,
}

/// What an expression speaks about: a whole trace, or whatever the block that it stands in selects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Trace,
    /// One request to a node.
    Node,
    /// One call, as the caller saw it.
    Edge,
    CauseService,
    /// An entity on the path of a fault or an error.
    CauseEntity,
    /// An entity on the path of a response time; it alone has a coverage.
    SlowEntity,
    CauseException,
}

/// A flag of whatever the scope speaks about: one that traces have too, or one that blocks alone know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagWord {
    Of(Flag),
    Root,
    First,
    Last,
    Remote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberWord {
    Of(Number),
    Index,
    Coverage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextWord {
    Of(Text),
    Name,
    Type,
    Message,
}

/// A plain keyword (docs/xray.md 4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Flag(FlagWord),
    Number(NumberWord),
    Text(TextWord),
}

const CAUSE: &[Scope] = &[Scope::CauseService, Scope::CauseEntity, Scope::SlowEntity, Scope::CauseException];

impl Expression {
    /// The conjunction of at least one expression.
    pub(crate) fn all(members: Vec<Self>) -> Self {
        let flat = members.into_iter().flat_map(|member| match member {
            Self::And(inner) => inner,
            other => vec![other],
        });
        Self::single_or(flat.collect(), Self::And)
    }

    /// The disjunction of at least one expression.
    pub(crate) fn any(members: Vec<Self>) -> Self {
        let flat = members.into_iter().flat_map(|member| match member {
            Self::Or(inner) => inner,
            other => vec![other],
        });
        Self::single_or(flat.collect(), Self::Or)
    }

    /// Whether some condition of it is on an annotation.
    pub(crate) fn asks_for_annotations(&self) -> bool {
        match self {
            Self::And(members) | Self::Or(members) => members.iter().any(Self::asks_for_annotations),
            Self::Not(operand) => operand.asks_for_annotations(),
            Self::Term(Term::Annotation(..)) => true,
            Self::Term(Term::Service(_, Some(block))) => block.asks_for_annotations(),
            Self::Term(_) => false,
        }
    }

    fn single_or(mut members: Vec<Self>, several: fn(Vec<Self>) -> Self) -> Self {
        match members.len() {
            1 => members.remove(0),
            _ => several(members),
        }
    }
}

impl Word {
    /// In the order in which they are offered.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let flags = Flag::ALL.into_iter().map(FlagWord::Of);
        let flags = flags.chain([FlagWord::Root, FlagWord::First, FlagWord::Last, FlagWord::Remote]);
        let numbers = Number::ALL.into_iter().map(NumberWord::Of);
        let numbers = numbers.chain([NumberWord::Index, NumberWord::Coverage]);
        let texts = Text::ALL.into_iter().map(TextWord::Of);
        let texts = texts.chain([TextWord::Name, TextWord::Type, TextWord::Message]);
        flags.map(Self::Flag).chain(numbers.map(Self::Number)).chain(texts.map(Self::Text))
    }

    /// The word of this text, in any case, where the scope knows it.
    pub(crate) fn find(text: &str, scope: Scope) -> Option<Self> {
        let word = Self::all().find(|word| word.text().eq_ignore_ascii_case(text))?;
        word.scopes().contains(&scope).then_some(word)
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Flag(FlagWord::Of(flag)) => flag.name(),
            Self::Flag(FlagWord::Root) => "root",
            Self::Flag(FlagWord::First) => "first",
            Self::Flag(FlagWord::Last) => "last",
            Self::Flag(FlagWord::Remote) => "remote",
            Self::Number(NumberWord::Of(number)) => number.name(),
            Self::Number(NumberWord::Index) => "index",
            Self::Number(NumberWord::Coverage) => "coverage",
            Self::Text(TextWord::Of(text)) => text.name(),
            Self::Text(TextWord::Name) => "name",
            Self::Text(TextWord::Type) => "type",
            Self::Text(TextWord::Message) => "message",
        }
    }

    /// Where it means something.
    pub(crate) fn scopes(self) -> &'static [Scope] {
        use Scope::{CauseEntity, CauseException, CauseService, Edge, Node, SlowEntity, Trace};
        match self {
            Self::Flag(FlagWord::Of(Flag::Ok | Flag::Error | Flag::Throttle | Flag::Fault)) => {
                &[Trace, Node, Edge]
            }
            Self::Flag(FlagWord::Of(Flag::Inferred)) => &[Trace, Node, CauseService],
            Self::Flag(FlagWord::Root) => &[Node],
            Self::Flag(FlagWord::First | FlagWord::Last) | Self::Number(NumberWord::Index) => CAUSE,
            Self::Flag(FlagWord::Remote) => &[CauseEntity, SlowEntity],
            Self::Number(NumberWord::Of(Number::ResponseTime)) => &[Trace, Node, Edge],
            Self::Number(NumberWord::Of(Number::Duration | Number::SelfTime)) => &[Trace, Node],
            Self::Number(NumberWord::Coverage) => &[SlowEntity],
            Self::Text(TextWord::Of(Text::AccountId)) => &[Trace, Node, CauseService],
            Self::Text(TextWord::Of(Text::Version)) => &[Trace, Node],
            Self::Text(TextWord::Name) => &[Node, CauseService, CauseEntity, SlowEntity, CauseException],
            Self::Text(TextWord::Type) => &[Node, CauseService],
            Self::Text(TextWord::Message) => &[CauseException],
            Self::Flag(FlagWord::Of(_)) | Self::Number(NumberWord::Of(_)) | Self::Text(TextWord::Of(_)) => {
                &[Trace]
            }
        }
    }
}

impl CausePart {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Entity => "entity",
            Self::Exception => "exception",
        }
    }

    /// The scope of its block; `None` where causes of that kind have no such part.
    pub(crate) fn scope(self, kind: CauseKind) -> Option<Scope> {
        match (self, kind) {
            (Self::Service, _) => Some(Scope::CauseService),
            (Self::Entity, CauseKind::ResponseTime) => Some(Scope::SlowEntity),
            (Self::Entity, _) => Some(Scope::CauseEntity),
            (Self::Exception, CauseKind::ResponseTime) => None,
            (Self::Exception, _) => Some(Scope::CauseException),
        }
    }

    /// The part that `rootcause.fault.entity` and its like name.
    pub(crate) fn find(text: &str) -> Option<(CauseKind, Self)> {
        const PARTS: [CausePart; 3] = [CausePart::Service, CausePart::Entity, CausePart::Exception];
        let mut words = text.split('.');
        let (prefix, kind, part) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() || !prefix.eq_ignore_ascii_case("rootcause") {
            return None;
        }
        let kind = CauseKind::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(kind))?;
        let part = PARTS.into_iter().find(|known| known.text().eq_ignore_ascii_case(part))?;
        part.scope(kind).map(|_| (kind, part))
    }
}
