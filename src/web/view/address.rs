//! State of pages as their addresses hold it (UX section 1.2): parsed leniently, written canonically. Unknown keys and
//! default values are left out, keys stand in a fixed order, so equal views have equal addresses.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::status::Status;
use crate::web::render::chart::XAxis;

/// Characters that stay readable in a query value.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'/')
    .remove(b',')
    .remove(b'*');

/// A list's rows per page: default and most.
pub const PER_PAGE: u16 = 100;
/// The most rows a page shows.
pub const PER_PAGE_MOST: u16 = 500;

/// Pairs of a query string, decoded.
pub fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    let decode = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    query.split('&').filter(|part| !part.is_empty()).map(move |part| {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        (decode(key), decode(value))
    })
}

/// Encodes one query value.
pub fn encode(value: &str) -> String {
    utf8_percent_encode(value, VALUE).to_string()
}

/// The items of a list value. A comma inside an item is written `%2C`, since names of metrics may have commas.
fn items(value: &str) -> impl Iterator<Item = String> + '_ {
    let decode = |item: &str| item.replace("%2C", ",").replace("%25", "%");
    value.split(',').filter(|item| !item.is_empty()).map(decode)
}

fn join_items(items: &[String]) -> String {
    items.iter().map(|item| item.replace('%', "%25").replace(',', "%2C")).collect::<Vec<_>>().join(",")
}

/// Joins pairs whose value is not empty behind a path.
pub fn join(path: &str, pairs: &[(&str, String)]) -> String {
    let query: Vec<String> = pairs
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| format!("{key}={}", encode(value)))
        .collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// One key of an order: `-started` is descending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortKey {
    /// `started`, `m:val/mAP50:max`, `p:General/lr0`.
    pub key: String,
    /// Largest or newest first.
    pub descending: bool,
}

impl SortKey {
    fn parse(text: &str) -> Option<Self> {
        let (key, descending) = text.strip_prefix('-').map_or((text, false), |key| (key, true));
        (!key.is_empty()).then(|| Self { key: key.to_owned(), descending })
    }
}

/// What a list of tasks shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TaskList {
    /// Address without the query: `/projects/{id}/tasks`.
    pub path: String,
    /// Name, id or comment contains this.
    pub q: String,
    /// One of these; empty is any.
    pub status: Vec<Status>,
    /// None of these.
    pub without: Vec<Status>,
    /// All of these.
    pub tags: Vec<String>,
    /// One of these people, by id.
    pub users: Vec<String>,
    /// Whether archived tasks are shown instead of the others.
    pub archived: bool,
    /// Order; empty is `-started`.
    pub sort: Vec<SortKey>,
    /// Chosen columns; empty is the default set.
    pub cols: Vec<String>,
    /// Where the page starts: opaque, from the page before.
    pub after: String,
    /// Rows, 1 to [`PER_PAGE_MOST`].
    pub per: Option<u16>,
}

impl TaskList {
    /// Reads an address.
    pub fn parse(path: &str, query: &str) -> Self {
        let mut list = Self { path: path.to_owned(), ..Self::default() };
        for (key, value) in pairs(query) {
            let words = || value.split(',').filter(|word| !word.is_empty());
            match key.as_str() {
                "q" => list.q = value.trim().to_owned(),
                "status" => {
                    for word in words() {
                        let (target, word) = match word.strip_prefix('-') {
                            Some(word) => (&mut list.without, word),
                            None => (&mut list.status, word),
                        };
                        target.extend(Status::from_key(word));
                    }
                }
                "tag" if !value.is_empty() => list.tags.push(value),
                "user" => list.users.extend(words().map(str::to_owned)),
                "archived" => list.archived = value == "1",
                "sort" => list.sort.extend(items(&value).filter_map(|item| SortKey::parse(&item))),
                "cols" => list.cols.extend(items(&value)),
                "after" => list.after = value,
                "per" => {
                    list.per = value.parse::<u64>().ok().map(|per| per.clamp(1, PER_PAGE_MOST.into()) as u16)
                }
                _ => {}
            }
        }
        list.status.sort_by_key(|status| Status::ALL.iter().position(|known| known == status));
        list.status.dedup();
        list.tags.dedup();
        list.users.dedup();
        list
    }

    /// Canonical address.
    pub fn address(&self) -> String {
        let status = self.status.iter().map(|status| status.key().to_owned());
        let without = self.without.iter().map(|status| format!("-{}", status.key()));
        let sort: Vec<String> = self
            .sort
            .iter()
            .map(|sort| format!("{}{}", if sort.descending { "-" } else { "" }, sort.key))
            .collect();
        let sort = join_items(&sort);
        let per = self.per.filter(|per| *per != PER_PAGE).map(|per| per.to_string()).unwrap_or_default();
        let mut pairs =
            vec![("q", self.q.clone()), ("status", status.chain(without).collect::<Vec<_>>().join(","))];
        pairs.extend(self.tags.iter().map(|tag| ("tag", tag.clone())));
        pairs.push(("user", self.users.join(",")));
        pairs.push(("archived", if self.archived { "1".to_owned() } else { String::new() }));
        pairs.push(("sort", if sort == "-started" { String::new() } else { sort }));
        pairs.push(("cols", join_items(&self.cols)));
        pairs.push(("after", self.after.clone()));
        pairs.push(("per", per));
        join(&self.path, &pairs)
    }

    /// Whether anything narrows the list.
    pub fn is_filtered(&self) -> bool {
        self.filters() > 0
    }

    /// How many filters narrow the list.
    pub fn filters(&self) -> usize {
        usize::from(!self.q.is_empty())
            + usize::from(!self.status.is_empty() || !self.without.is_empty())
            + self.tags.len()
            + usize::from(!self.users.is_empty())
    }

    /// The order in force: first key, descending?
    pub fn order(&self) -> (&str, bool) {
        self.sort.first().map_or(("started", true), |sort| (sort.key.as_str(), sort.descending))
    }

    /// Sorted by `key`: descending first, since the newest and the largest are asked for most; again to turn round.
    pub fn sorted_by(&self, key: &str) -> String {
        let descending = match self.order() {
            (current, descending) if current == key => !descending,
            _ => key != "name",
        };
        self.changed(|list| list.sort = vec![SortKey { key: key.to_owned(), descending }])
    }

    /// Value of `aria-sort` for a column.
    pub fn aria_sort(&self, key: &str) -> &'static str {
        match self.order() {
            (current, true) if current == key => "descending",
            (current, false) if current == key => "ascending",
            _ => "none",
        }
    }

    /// Without the search words.
    pub fn without_q(&self) -> String {
        self.changed(|list| list.q.clear())
    }

    /// Without one status, asked for or excluded.
    pub fn without_status(&self, status: &Status) -> String {
        self.changed(|list| {
            list.status.retain(|kept| kept != status);
            list.without.retain(|kept| kept != status);
        })
    }

    /// Without one tag.
    pub fn without_tag(&self, tag: &str) -> String {
        self.changed(|list| list.tags.retain(|kept| kept != tag))
    }

    /// Without one person.
    pub fn without_user(&self, user: &str) -> String {
        self.changed(|list| list.users.retain(|kept| kept != user))
    }

    /// Without any filter; order and columns stay.
    pub fn unfiltered(&self) -> String {
        self.changed(|list| {
            list.q.clear();
            list.status.clear();
            list.without.clear();
            list.tags.clear();
            list.users.clear();
        })
    }

    /// The archived tasks, or the others again.
    pub fn other_shelf(&self) -> String {
        self.changed(|list| list.archived = !list.archived)
    }

    /// The page after `cursor`.
    pub fn page(&self, cursor: &str) -> String {
        Self { after: cursor.to_owned(), ..self.clone() }.address()
    }

    /// The same query under another ending: `.csv`, `.json`.
    pub fn exported(&self, ending: &str) -> String {
        let mut list = Self { after: String::new(), per: None, ..self.clone() };
        list.path.push_str(ending);
        list.address()
    }

    fn changed(&self, change: impl FnOnce(&mut Self)) -> String {
        let mut list = Self { after: String::new(), ..self.clone() };
        change(&mut list);
        list.address()
    }
}

/// How charts are shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ChartView {
    /// `/tasks/{id}/scalars`.
    pub path: String,
    /// Horizontal axis.
    pub x: XAxis,
    /// Weight of the exponential mean, hundredths, 0 to 99.
    pub smoothing: u8,
    /// Logarithmic axes: chosen, or guessed when not said.
    pub log: Option<bool>,
    /// Metrics that are not drawn.
    pub hide: Vec<String>,
    /// Charts in a row: 1 to 4; 0 is "as many as fit".
    pub columns: u8,
}

impl ChartView {
    /// Reads an address.
    pub fn parse(path: &str, query: &str) -> Self {
        let mut view = Self { path: path.to_owned(), ..Self::default() };
        for (key, value) in pairs(query) {
            match key.as_str() {
                "x" => view.x = axis_from_key(&value),
                "sm" => {
                    let weight = value.parse::<f64>().ok().filter(|weight| weight.is_finite());
                    view.smoothing = (weight.unwrap_or(0.0).clamp(0.0, 0.99) * 100.0).round() as u8;
                }
                "log" => view.log = Some(value == "1"),
                "hide" => view.hide.extend(items(&value)),
                "row" => view.columns = value.parse().ok().filter(|n| *n <= 4).unwrap_or(0),
                _ => {}
            }
        }
        view
    }

    /// Canonical address.
    pub fn address(&self) -> String {
        let x = if self.x == XAxis::Iteration { String::new() } else { axis_key(self.x).to_owned() };
        let smoothing = if self.smoothing > 0 { self.smoothing_text() } else { String::new() };
        let log = self.log.map(|log| if log { "1" } else { "0" }.to_owned()).unwrap_or_default();
        let columns = if self.columns > 0 { self.columns.to_string() } else { String::new() };
        let hide = join_items(&self.hide);
        join(&self.path, &[("x", x), ("sm", smoothing), ("log", log), ("hide", hide), ("row", columns)])
    }

    /// `0.60`.
    pub fn smoothing_text(&self) -> String {
        format!("{:.2}", f64::from(self.smoothing) / 100.0)
    }

    /// With another horizontal axis, by its key.
    pub fn with_x(&self, key: &str) -> String {
        Self { x: axis_from_key(key), ..self.clone() }.address()
    }

    /// With another number of charts in a row.
    pub fn with_columns(&self, columns: u8) -> String {
        Self { columns, ..self.clone() }.address()
    }

    /// With a metric shown or hidden.
    pub fn toggled(&self, metric: &str) -> String {
        let mut view = self.clone();
        match view.hide.iter().position(|hidden| hidden == metric) {
            Some(at) => drop(view.hide.remove(at)),
            None => view.hide.push(metric.to_owned()),
        }
        view.address()
    }
}

/// `iter`, `rel` or `wall`.
pub fn axis_key(axis: XAxis) -> &'static str {
    match axis {
        XAxis::Iteration => "iter",
        XAxis::Relative => "rel",
        XAxis::Wall => "wall",
    }
}

fn axis_from_key(key: &str) -> XAxis {
    match key {
        "rel" => XAxis::Relative,
        "wall" => XAxis::Wall,
        _ => XAxis::Iteration,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_views_have_equal_addresses() {
        let path = "/projects/4b7d/tasks";
        let messy = TaskList::parse(
            path,
            "per=100&status=ok&utm=x&status=run&q=+yolo%2011&sort=-started&tag=a%26b&tag=c",
        );
        assert_eq!(messy.address(), "/projects/4b7d/tasks?q=yolo%2011&status=run,ok&tag=a%26b&tag=c");
        let again = TaskList::parse(path, messy.address().split_once('?').map_or("", |(_, q)| q));
        assert_eq!(again.address(), messy.address());
        assert_eq!(TaskList::parse(path, "").address(), path);
    }

    #[test]
    fn hostile_queries_are_read_without_harm() {
        let list =
            TaskList::parse("/t", "q=%ff%zz&status=-bad,-,what&per=99999&sort=-,&tag=\"><script>&=&&a");
        assert_eq!(list.without, [Status::Failed]);
        assert_eq!(list.per, Some(PER_PAGE_MOST));
        assert!(list.sort.is_empty());
        assert!(!list.address().contains(['"', '<', '>']), "{}", list.address());
    }

    #[test]
    fn sorting_turns_round_and_starts_on_page_one() {
        let list = TaskList::parse("/t", "sort=-m:val/mAP50:max&after=abc");
        assert_eq!(list.sorted_by("m:val/mAP50:max"), "/t?sort=m:val/mAP50:max");
        assert_eq!(list.sorted_by("started"), "/t", "the default order is left out");
        assert_eq!(list.sorted_by("name"), "/t?sort=name");
        assert_eq!(list.aria_sort("m:val/mAP50:max"), "descending");
        assert_eq!(list.aria_sort("name"), "none");
        assert_eq!(list.page("def"), "/t?sort=-m:val/mAP50:max&after=def");
    }

    #[test]
    fn filters_leave_one_by_one() {
        let list = TaskList::parse("/t", "q=a&status=run,-bad&tag=x&tag=y&user=u1,u2");
        assert_eq!(list.filters(), 5);
        assert_eq!(list.without_tag("x"), "/t?q=a&status=run,-bad&tag=y&user=u1,u2");
        assert_eq!(list.without_status(&Status::Failed), "/t?q=a&status=run&tag=x&tag=y&user=u1,u2");
        assert_eq!(list.unfiltered(), "/t");
        assert_eq!(list.exported(".csv"), "/t.csv?q=a&status=run,-bad&tag=x&tag=y&user=u1,u2");
    }

    #[test]
    fn chart_views_round_trip() {
        let view = ChartView::parse("/s", "x=wall&sm=0.6&hide=:monitor:gpu,lr&row=3&log=0");
        assert_eq!(view.address(), "/s?x=wall&sm=0.60&log=0&hide=:monitor:gpu,lr&row=3");
        assert_eq!(view.toggled("lr"), "/s?x=wall&sm=0.60&log=0&hide=:monitor:gpu&row=3");
        assert_eq!(ChartView::parse("/s", "sm=NaN&x=no&row=9").address(), "/s");
        assert_eq!(ChartView::parse("/s", "sm=7").smoothing, 99);
        let named = ChartView {
            path: "/s".into(),
            hide: vec!["a, b".into(), "50%2C".into()],
            ..ChartView::default()
        };
        let address = named.address();
        assert_eq!(
            ChartView::parse("/s", address.split_once('?').map_or("", |(_, q)| q)),
            named,
            "{address}"
        );
    }
}
