//! Board roles and the rights of each role.

use serde::{Deserialize, Serialize};

/// The role of a board member. Each role includes the rights of the roles before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[allow(missing_docs)]
pub enum BoardRole {
    Viewer,
    Member,
    Admin,
}

/// A permission on a board. Each right requires a minimum role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right {
    /// Read the board and its contents except the trash, and leave the board.
    Read,
    /// Create, change, move, delete and restore cards and labels; write comments; read the trash.
    Edit,
    /// Delete comments of other users.
    Moderate,
    /// Change, share, delete and restore the board.
    Manage,
}

impl Right {
    /// The lowest role that has this right.
    pub const fn least_role(self) -> BoardRole {
        match self {
            Self::Read => BoardRole::Viewer,
            Self::Edit => BoardRole::Member,
            Self::Moderate | Self::Manage => BoardRole::Admin,
        }
    }
}

impl BoardRole {
    /// All roles, lowest first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Member, Self::Admin];

    /// Whether this role includes the right.
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
