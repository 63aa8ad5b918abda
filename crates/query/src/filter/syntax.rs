//! The tree of a filter expression, and the words that it is made of with the places where each may stand.

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
    Compare(TextComparator, String),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AnnotationTest {
    /// Of a boolean, whether it is true; of anything else, whether it is there.
    Set,
    Number(Comparator, f64),
    Text(TextComparator, String),
    Boolean {
        equal: bool,
        value: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextComparator {
    Equal,
    NotEqual,
    Contains,
    BeginsWith,
    EndsWith,
}

/// A group as an expression names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GroupReference {
    Name(String),
    Arn(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CauseKind {
    Fault,
    Error,
    ResponseTime,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FlagWord {
    Ok,
    Error,
    Throttle,
    Fault,
    Partial,
    Inferred,
    Root,
    First,
    Last,
    Remote,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberWord {
    ResponseTime,
    Duration,
    HttpStatus,
    Index,
    Coverage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextWord {
    HttpUrl,
    HttpMethod,
    HttpUserAgent,
    HttpClientIp,
    User,
    AvailabilityZone,
    InstanceId,
    ResourceArn,
    AccountId,
    Name,
    Type,
    Message,
    /// Not one of X-Ray's.
    Version,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    Flag(FlagWord),
    Number(NumberWord),
    Text(TextWord),
}

const CAUSE: &[Scope] = &[Scope::CauseService, Scope::CauseEntity, Scope::SlowEntity, Scope::CauseException];

/// Every plain keyword with the scopes in which it means something (docs/xray.md 4.3).
pub(crate) const WORDS: &[(&str, Word, &[Scope])] = &[
    ("ok", Word::Flag(FlagWord::Ok), &[Scope::Trace, Scope::Node, Scope::Edge]),
    ("error", Word::Flag(FlagWord::Error), &[Scope::Trace, Scope::Node, Scope::Edge]),
    ("throttle", Word::Flag(FlagWord::Throttle), &[Scope::Trace, Scope::Node, Scope::Edge]),
    ("fault", Word::Flag(FlagWord::Fault), &[Scope::Trace, Scope::Node, Scope::Edge]),
    ("partial", Word::Flag(FlagWord::Partial), &[Scope::Trace]),
    ("inferred", Word::Flag(FlagWord::Inferred), &[Scope::Trace, Scope::Node, Scope::CauseService]),
    ("root", Word::Flag(FlagWord::Root), &[Scope::Node]),
    ("first", Word::Flag(FlagWord::First), CAUSE),
    ("last", Word::Flag(FlagWord::Last), CAUSE),
    ("remote", Word::Flag(FlagWord::Remote), &[Scope::CauseEntity, Scope::SlowEntity]),
    ("responsetime", Word::Number(NumberWord::ResponseTime), &[Scope::Trace, Scope::Node, Scope::Edge]),
    ("duration", Word::Number(NumberWord::Duration), &[Scope::Trace, Scope::Node]),
    ("http.status", Word::Number(NumberWord::HttpStatus), &[Scope::Trace]),
    ("index", Word::Number(NumberWord::Index), CAUSE),
    ("coverage", Word::Number(NumberWord::Coverage), &[Scope::SlowEntity]),
    ("http.url", Word::Text(TextWord::HttpUrl), &[Scope::Trace]),
    ("http.method", Word::Text(TextWord::HttpMethod), &[Scope::Trace]),
    ("http.useragent", Word::Text(TextWord::HttpUserAgent), &[Scope::Trace]),
    ("http.clientip", Word::Text(TextWord::HttpClientIp), &[Scope::Trace]),
    ("user", Word::Text(TextWord::User), &[Scope::Trace]),
    ("availabilityzone", Word::Text(TextWord::AvailabilityZone), &[Scope::Trace]),
    ("instance.id", Word::Text(TextWord::InstanceId), &[Scope::Trace]),
    ("resource.arn", Word::Text(TextWord::ResourceArn), &[Scope::Trace]),
    ("account.id", Word::Text(TextWord::AccountId), &[Scope::Trace, Scope::Node, Scope::CauseService]),
    (
        "name",
        Word::Text(TextWord::Name),
        &[Scope::Node, Scope::CauseService, Scope::CauseEntity, Scope::SlowEntity, Scope::CauseException],
    ),
    ("type", Word::Text(TextWord::Type), &[Scope::Node, Scope::CauseService]),
    ("message", Word::Text(TextWord::Message), &[Scope::CauseException]),
    ("version", Word::Text(TextWord::Version), &[Scope::Trace, Scope::Node]),
];

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

    fn single_or(mut members: Vec<Self>, several: fn(Vec<Self>) -> Self) -> Self {
        match members.len() {
            1 => members.remove(0),
            _ => several(members),
        }
    }
}

impl Word {
    /// The word of this text, in any case, where the scope knows it.
    pub(crate) fn find(text: &str, scope: Scope) -> Option<Self> {
        let (_, word, scopes) = WORDS.iter().find(|(name, ..)| name.eq_ignore_ascii_case(text))?;
        scopes.contains(&scope).then_some(*word)
    }

    pub(crate) fn text(self) -> &'static str {
        WORDS.iter().find(|(_, word, _)| *word == self).map_or("", |(name, ..)| name)
    }
}

impl Comparator {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

impl TextComparator {
    /// Those that are words.
    pub(crate) fn find(text: &str) -> Option<Self> {
        [Self::Contains, Self::BeginsWith, Self::EndsWith]
            .into_iter()
            .find(|comparator| comparator.text().eq_ignore_ascii_case(text))
    }

    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Contains => "CONTAINS",
            Self::BeginsWith => "BEGINSWITH",
            Self::EndsWith => "ENDSWITH",
        }
    }
}

impl CauseKind {
    pub(crate) fn text(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Error => "error",
            Self::ResponseTime => "responsetime",
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
        const KINDS: [CauseKind; 3] = [CauseKind::Fault, CauseKind::Error, CauseKind::ResponseTime];
        const PARTS: [CausePart; 3] = [CausePart::Service, CausePart::Entity, CausePart::Exception];
        let mut words = text.split('.');
        let (prefix, kind, part) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() || !prefix.eq_ignore_ascii_case("rootcause") {
            return None;
        }
        let kind = KINDS.into_iter().find(|known| known.text().eq_ignore_ascii_case(kind))?;
        let part = PARTS.into_iter().find(|known| known.text().eq_ignore_ascii_case(part))?;
        part.scope(kind).map(|_| (kind, part))
    }
}
