//! Connections to a PostgreSQL server, with or without TLS.

use std::sync::Arc;
use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::pooled_connection::deadpool::Pool;
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
};
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use futures_util::FutureExt;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres::config::SslMode;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::statement_count::StatementCount;
use crate::config::{Database, PostgresUrl, StartError, Verify};

/// A pool of connections with limits on how long a statement, a lock and an idle transaction last.
pub(super) fn pool(
    url: &PostgresUrl,
    config: &Database,
    statements: &StatementCount,
) -> Result<Pool<AsyncPgConnection>, StartError> {
    let (url, statements) = (Arc::new(url.clone()), statements.clone());
    let limits = format!(
        "SET statement_timeout = {0}; SET lock_timeout = {1}; \
         SET idle_in_transaction_session_timeout = {0}; SET plan_cache_mode = force_generic_plan",
        config.statement_timeout.as_millis(),
        config.wait.as_millis(),
    );
    // Every query goes by an index whatever its values are; left to itself, PostgreSQL plans those
    // with an array anew each time, which cost 0.1 ms (6,100 -> 9,500 small queries a second).
    let mut manager = ManagerConfig::default();
    // `Verified` would send one more query each time a connection is taken: 12,700 instead of
    // 16,200 small queries a second. A closed connection is noticed and replaced without it.
    manager.recycling_method = RecyclingMethod::Fast;
    manager.custom_setup = Box::new(move |_| {
        let (url, limits, statements) = (Arc::clone(&url), limits.clone(), statements.clone());
        async move {
            let mut conn = connect(&url).await?;
            conn.batch_execute(&limits)
                .await
                .map_err(ConnectionError::CouldntSetupConfiguration)?;
            conn.set_instrumentation(statements);
            Ok(conn)
        }
        .boxed()
    });
    Pool::builder(AsyncDieselConnectionManager::new_with_config("", manager))
        .max_size(config.pool_size)
        .wait_timeout(Some(config.wait))
        .create_timeout(Some(config.wait))
        .runtime(deadpool::Runtime::Tokio1)
        .build()
        .map_err(|error| StartError::new(error.to_string()))
}

/// One connection, outside the pool.
pub(super) async fn connect(url: &PostgresUrl) -> ConnectionResult<AsyncPgConnection> {
    let bad = |error: &dyn std::error::Error| ConnectionError::BadConnection(chain(error));
    let tls = tls(&url.verify).map_err(ConnectionError::BadConnection)?;
    let mut config = url.config.clone();
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    if config.get_ssl_mode() == SslMode::Disable {
        let (client, conn) = config.connect(tokio_postgres::NoTls).await.map_err(|e| bad(&e))?;
        AsyncPgConnection::try_from_client_and_connection(client, conn).await
    } else {
        let (client, conn) = config.connect(tls).await.map_err(|e| bad(&e))?;
        AsyncPgConnection::try_from_client_and_connection(client, conn).await
    }
}

/// An error with its causes, which alone say what TLS did not like.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// The TLS settings: encrypt only, or also check the server's certificate and name.
fn tls(verify: &Verify) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = match verify {
        Verify::Nothing => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth(),
        Verify::Full { root_certificate } => builder
            .with_root_certificates(roots(root_certificate.as_deref())?)
            .with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

/// The certificates of a PEM file, or those that the machine trusts.
fn roots(file: Option<&str>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = file {
        let unreadable = |error: &dyn std::fmt::Display| format!("sslrootcert {file}: {error}");
        for certificate in CertificateDer::pem_file_iter(file).map_err(|e| unreadable(&e))? {
            roots.add(certificate.map_err(|e| unreadable(&e))?).map_err(|e| unreadable(&e))?;
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() { Err("no root certificate found".into()) } else { Ok(roots) }
}

/// `sslmode=require` encrypts and takes any certificate, as libpq does.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
