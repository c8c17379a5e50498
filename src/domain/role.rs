//! Who may do what on a board: the one table of it.

use serde::{Deserialize, Serialize};

/// What a member of a board is to it; each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum BoardRole {
    Viewer,
    Member,
    Admin,
}

/// Something that not every member of a board may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// See the board and everything on it but the trash, and leave it.
    Read,
    /// Make, change, move, delete and restore cards and labels; comment; see the trash.
    Edit,
    /// Delete what others have commented.
    Moderate,
    /// EventPayload, share, delete and restore the board.
    Manage,
}

impl Right {
    /// The table: the least role that has the right.
    pub const fn least_role(self) -> BoardRole {
        match self {
            Self::Read => BoardRole::Viewer,
            Self::Edit => BoardRole::Member,
            Self::Moderate | Self::Manage => BoardRole::Admin,
        }
    }

    /// What those are told who do not have it.
    pub const fn refusal(self) -> &'static str {
        match self.least_role() {
            BoardRole::Viewer => "This needs a role on the board.",
            BoardRole::Member => "This needs the role MEMBER or ADMIN on the board.",
            BoardRole::Admin => "This needs the role ADMIN on the board.",
        }
    }
}

impl BoardRole {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Member, Self::Admin];

    /// Whether this role has the right.
    pub fn may(self, right: Right) -> bool {
        self >= right.least_role()
    }

    /// The name in the API and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Member => "MEMBER",
            Self::Admin => "ADMIN",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_rights() {
        //   right            VIEWER MEMBER ADMIN
        for (right, expected) in [
            (Right::Read, [true, true, true]),
            (Right::Edit, [false, true, true]),
            (Right::Moderate, [false, false, true]),
            (Right::Manage, [false, false, true]),
        ] {
            assert_eq!(BoardRole::ALL.map(|role| role.may(right)), expected, "{right:?}");
        }
    }
}
