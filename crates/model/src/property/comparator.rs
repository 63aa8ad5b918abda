//! How a value is compared with the one that a filter names.

/// Numbers closer than this may be equal: times are whole microseconds, and are compared as seconds.
const TOLERANCE: f64 = 1e-6;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// How texts are compared. Case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextMatch {
    Equal,
    NotEqual,
    Contains,
    BeginsWith,
    EndsWith,
}

impl Comparator {
    /// As filters write it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }

    pub fn holds(self, value: f64, wanted: f64) -> bool {
        match self {
            Self::Equal => value == wanted,
            Self::NotEqual => value != wanted,
            Self::Less => value < wanted,
            Self::LessOrEqual => value <= wanted,
            Self::Greater => value > wanted,
            Self::GreaterOrEqual => value >= wanted,
        }
    }

    /// Whether the comparison holds, or would after rounding to a microsecond.
    pub fn may_hold(self, value: f64, wanted: f64) -> bool {
        match self {
            Self::Equal => (value - wanted).abs() <= TOLERANCE,
            Self::NotEqual => true,
            Self::Less | Self::LessOrEqual => value <= wanted + TOLERANCE,
            Self::Greater | Self::GreaterOrEqual => value >= wanted - TOLERANCE,
        }
    }
}

impl TextMatch {
    /// As filters write it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Contains => "CONTAINS",
            Self::BeginsWith => "BEGINSWITH",
            Self::EndsWith => "ENDSWITH",
        }
    }

    pub fn holds(self, text: &str, wanted: &str) -> bool {
        match self {
            Self::Equal => text == wanted,
            Self::NotEqual => text != wanted,
            Self::Contains => text.contains(wanted),
            Self::BeginsWith => text.starts_with(wanted),
            Self::EndsWith => text.ends_with(wanted),
        }
    }
}
