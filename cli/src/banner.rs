//! The text that `bolide` prints at its start: where to play, where the data is, how to stop.
//! Programs parse the line with the address, so its format stays.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bolide_server::Config;

/// Returns the block that `bolide` prints when it listens on `address`, with the admin listener on
/// `admin`.
pub(crate) fn banner(address: SocketAddr, admin: Option<SocketAddr>, config: &Config) -> String {
    let folder = std::path::absolute(&config.data_dir).unwrap_or_else(|_| config.data_dir.clone());
    let mut local = address;
    if address.ip().is_unspecified() {
        local.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let reach = if address.ip().is_loopback() {
        format!("this machine only; --listen 0.0.0.0:{} opens it to the network", address.port())
    } else {
        format!("everyone who can reach port {} of this machine", address.port())
    };
    let admin = admin.map_or(String::new(), |admin| format!("  Admin  http://{admin}/metrics\n"));
    format!(
        "Bolide {version}\n\n  Play   http://{local}\n  Who    {reach}\n  Modes  {modes}\n  Data   {folder}\n{admin}  \
         Stop   Ctrl-C\n",
        version = env!("CARGO_PKG_VERSION"),
        modes = config.modes.names(),
        folder = folder.display(),
    )
}

#[cfg(test)]
mod tests {
    use bolide_server::Config;

    use super::banner;

    fn check(address: &str, play: &str, who: &str) {
        let config = Config { data_dir: "/srv/bolide".into(), ..Config::default() };
        let address = address.parse().expect("an address");
        assert!(!banner(address, None, &config).contains("Admin"));
        let text = banner(address, Some("127.0.0.1:4556".parse().expect("another")), &config);
        let line = |word: &str| {
            text.lines().find(|line| line.trim_start().starts_with(word)).expect(word).trim()
        };
        assert_eq!(line("Play"), format!("Play   {play}"));
        assert_eq!(line("Who"), format!("Who    {who}"));
        assert_eq!(line("Modes"), "Modes  classic, brawl, duel, royale");
        assert_eq!(line("Data"), "Data   /srv/bolide");
        assert_eq!(line("Admin"), "Admin  http://127.0.0.1:4556/metrics");
    }

    #[test]
    fn it_says_where_to_play_and_who_can() {
        let closed = "this machine only; --listen 0.0.0.0:4000 opens it to the network";
        check("127.0.0.1:4000", "http://127.0.0.1:4000", closed);
        check("[::1]:4000", "http://[::1]:4000", closed);
        check(
            "0.0.0.0:80",
            "http://127.0.0.1:80",
            "everyone who can reach port 80 of this machine",
        );
        check(
            "192.0.2.7:80",
            "http://192.0.2.7:80",
            "everyone who can reach port 80 of this machine",
        );
    }
}
