//! The addresses in a PostgreSQL URL.

use std::fmt;
use std::net::IpAddr;

use tokio_postgres::Config;
use tokio_postgres::config::Host;

/// The address of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Address {
    pub(super) host: Option<Host>,
    /// The IP address of the host, which is not looked up then.
    pub(super) hostaddr: Option<IpAddr>,
    pub(super) port: Option<u16>,
}

impl Address {
    /// Adds the address to connection settings.
    #[must_use]
    pub fn add_to(&self, mut config: Config) -> Config {
        match &self.host {
            Some(Host::Tcp(name)) => config.host(name),
            #[cfg(unix)]
            Some(Host::Unix(folder)) => config.host_path(folder),
            None => &mut config,
        };
        if let Some(address) = self.hostaddr {
            config.hostaddr(address);
        }
        if let Some(port) = self.port {
            config.port(port);
        }
        config
    }

    /// All addresses in the options of a URL, or in the rest of it. (tokio-postgres would use those of both.)
    pub(super) fn all(options: &Config, rest: &Config) -> Result<Vec<Self>, String> {
        let hosts = first_of(options.get_hosts(), rest.get_hosts());
        let ports = first_of(options.get_ports(), rest.get_ports());
        let addresses = options.get_hostaddrs();
        let number = hosts.len().max(addresses.len());
        let is_empty = |host: &Host| matches!(host, Host::Tcp(name) if name.is_empty());
        if number == 0 || (addresses.is_empty() && hosts.iter().any(is_empty)) {
            return Err("does not name a host".into());
        }
        if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
            return Err("host and hostaddr must have the same number of values".into());
        }
        if ports.len() > 1 && ports.len() != number {
            return Err("there must be one port for all hosts, or one for each".into());
        }
        let address = |index: usize| Self {
            host: hosts.get(index).cloned(),
            hostaddr: addresses.get(index).copied(),
            port: ports.get(index).or(ports.first()).copied(),
        };
        Ok((0..number).map(address).collect())
    }
}

/// The first of two lists that is not empty.
fn first_of<'c, T>(one: &'c [T], other: &'c [T]) -> &'c [T] {
    if one.is_empty() { other } else { one }
}

/// For messages about one of several addresses: the host, its IP address and the port, as far as they are given.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.as_ref().map(|host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(folder) => folder.display().to_string(),
        });
        let parts = [
            host,
            self.hostaddr.map(|address| address.to_string()),
            self.port.map(|port| format!("port {port}")),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}
