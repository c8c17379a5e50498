//! Roles of PostgreSQL with limited rights.

use super::{Server, postgres};

/// A role that may read and write the rows of a scenario, but does not own the tables.
pub struct Role {
    name: String,
    /// The database of the scenario for this role, as a `DATABASE_URL`.
    pub url: String,
}

impl Role {
    /// Creates a role that may open so many connections.
    pub async fn create(server: &Server, name: &str, connections: u32) -> Self {
        let name = format!("{name}_{}", std::process::id());
        let grants = format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'limited' CONNECTION LIMIT {connections};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name};
             GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {name}"
        );
        postgres(server).await.batch_execute(&grants).await.unwrap();
        let (scheme, rest) = server.database_url.split_once("://").unwrap();
        let (_, place) = rest.split_once('@').unwrap();
        let url = format!("{scheme}://{name}:limited@{place}");
        Self { name, url }
    }

    /// Drops the role.
    pub async fn remove(self, server: &Server) {
        let drop = format!("DROP OWNED BY {0}; DROP ROLE {0}", self.name);
        postgres(server).await.batch_execute(&drop).await.unwrap();
    }
}
