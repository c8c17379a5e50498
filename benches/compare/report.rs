//! The report, in Markdown.

use std::fmt::Write;

/// The result of one round.
#[derive(Clone, Copy)]
pub struct Round {
    /// Requests per second.
    pub rate: f64,
    /// CPU seconds of the server per request.
    pub cpu: f64,
    /// CPU seconds of PostgreSQL per request.
    pub cpu_of_database: f64,
}

/// A table of the contestants' rates and of ratios between them.
pub struct Table {
    text: String,
    /// The indexes of the contestants in each ratio: numerator and denominator.
    ratios: Vec<(usize, usize)>,
}

impl Table {
    pub fn new(title: &str, names: &[&str], ratios: Vec<(usize, usize)>) -> Self {
        let compared =
            ratios.iter().map(|&(own, other)| format!("{} ÷ {}", names[own], names[other]));
        let columns: Vec<String> = names.iter().map(ToString::to_string).chain(compared).collect();
        let mut text = format!("\n### {title}\n\n| | {} |", columns.join(" | "));
        text += " CPU of a request, ms: server + database |\n|---|";
        text += &"---:|".repeat(columns.len());
        text += "---|\n";
        Self { text, ratios }
    }

    /// Adds a row: median requests per second; medians of the ratios within a round, with minimum and
    /// maximum.
    pub fn row(&mut self, name: &str, contestants: &[Vec<Round>]) {
        write!(self.text, "| {name} |").unwrap();
        for rounds in contestants {
            let rate = median(rounds.iter().map(|round| round.rate).collect());
            write!(self.text, " {} |", round(rate)).unwrap();
        }
        for &(own, other) in &self.ratios {
            let pairs = contestants[own].iter().zip(&contestants[other]);
            let ratios: Vec<f64> = pairs.map(|(own, other)| own.rate / other.rate).collect();
            let (low, high) = range(&ratios);
            let ratio = median(ratios);
            write!(self.text, " **{ratio:.2}** ({low:.2}–{high:.2}) |").unwrap();
        }
        let cpu = |rounds: &Vec<Round>| {
            let server = median(rounds.iter().map(|round| round.cpu * 1000.0).collect());
            let database =
                median(rounds.iter().map(|round| round.cpu_of_database * 1000.0).collect());
            format!("{server:.3} + {database:.3}")
        };
        let costs: Vec<String> = contestants.iter().map(cpu).collect();
        writeln!(self.text, " {} |", costs.join("; ")).unwrap();
        eprintln!("{}", self.text.lines().last().unwrap_or_default());
    }

    pub fn print(&self) {
        println!("{}", self.text);
    }
}

/// A table of the ratios between two builds within each round.
pub struct Pairs(String);

impl Pairs {
    pub fn new(title: &str) -> Self {
        let head =
            "| | requests per second | CPU time of the server for a request |\n|---|---|---|";
        Self(format!("\n### {title}: median (middle half) of the rounds\n\n{head}\n"))
    }

    pub fn row(&mut self, name: &str, own: &[Round], other: &[Round]) {
        let ratio = |figure: fn(&Round) -> f64| {
            let pairs = own.iter().zip(other);
            let mut ratios: Vec<f64> =
                pairs.map(|(own, other)| figure(own) / figure(other)).collect();
            ratios.sort_by(f64::total_cmp);
            let quarter = |number: usize| ratios[ratios.len() * number / 4];
            format!("**{:.3}** ({:.3}–{:.3})", quarter(2), quarter(1), quarter(3))
        };
        let (rate, cpu) = (ratio(|round| round.rate), ratio(|round| round.cpu));
        writeln!(self.0, "| {name} | {rate} | {cpu} |").unwrap();
        eprintln!("{}", self.0.lines().last().unwrap_or_default());
    }

    pub fn print(&self) {
        println!("{}", self.0);
    }
}

/// The median and the range of some values.
pub fn figures(figures: &[f64], unit: &str) -> String {
    let (low, high) = range(figures);
    format!("{:.1} {unit} ({low:.1}–{high:.1})", median(figures.to_vec()))
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn range(figures: &[f64]) -> (f64, f64) {
    let low = figures.iter().copied().fold(f64::INFINITY, f64::min);
    (low, figures.iter().copied().fold(0.0, f64::max))
}

/// Rounds to an integer with thousands separators.
fn round(rate: f64) -> String {
    let digits = format!("{rate:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The date, the machine and the versions.
pub async fn about_the_machine(server: Option<&str>) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let today = chrono::Utc::now().date_naive();
    println!("{today}, {cores} cores of {model}, shared by clients, servers and databases.");
    if let Some(server) = server {
        let (client, connection) =
            tokio_postgres::connect(server, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let version = client.query_one("SHOW server_version", &[]).await.unwrap();
        println!("PostgreSQL {}.", version.get::<_, String>(0));
    }
}
