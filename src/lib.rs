//! `simple-kanban`: a GraphQL API server for Kanban boards, on SQLite or PostgreSQL.
//!
//! The rooms of the program; data flows one way, `http` → `graphql` → `service` → `store`, with
//! `domain` beneath all. `ARCHITECTURE.md` tells more.
//!
//! | room | what is in it |
//! |---|---|
//! | [`cli`] | the command line: serve, migrate, seed, schema |
//! | [`config`] | every setting, read and checked once |
//! | [`app`] | builds a server, apart from running it |
//! | [`http`] | routes, the GraphQL endpoint, who is asking, `GraphiQL`, health |
//! | [`graphql`] | thin resolvers, paging, errors, the guard, loaders |
//! | [`service`] | the rules; one transaction for each mutation; passwords and tokens |
//! | [`store`] | Diesel: one file for each aggregate, and permission as a type |
//! | [`domain`] | entities, parsed values, errors; no framework |

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod graphql;
pub mod http;
mod secret_file;
pub mod service;
pub mod store;
