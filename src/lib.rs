//! `simple-kanban`: a GraphQL API server for Kanban boards, on SQLite or PostgreSQL.
//!
//! Dependencies go in one direction: `http` → `graphql` → `service` → `store`. All modules use `domain`.
//! See `ARCHITECTURE.md` for details.
//!
//! | module | contents |
//! |---|---|
//! | [`cli`] | the command line |
//! | [`config`] | all settings, read and validated once |
//! | [`app`] | builds the server, separately from running it |
//! | [`http`] | routes, the GraphQL endpoint, authentication, `GraphiQL`, health checks |
//! | [`graphql`] | thin resolvers, pagination, errors, guards, loaders |
//! | [`service`] | the business rules; one transaction per mutation; passwords and tokens |
//! | [`store`] | Diesel queries: one file per aggregate, and permissions as types |
//! | [`mail`] | sends mails by SMTP |
//! | [`events`] | who is told after a commit |
//! | [`metrics`] | what Prometheus reads, and what a request has done |
//! | [`domain`] | entities, validated values, errors; no framework |

#![forbid(unsafe_code)]

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod events;
pub mod graphql;
pub mod http;
pub mod mail;
pub mod metrics;
mod secret_file;
pub mod service;
pub mod store;
