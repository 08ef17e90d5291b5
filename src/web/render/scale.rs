//! Axes: which range a chart shows and where its grid lines lie.

/// From values to pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
}

impl Scale {
    /// A linear scale over a range; a single value gets room on both sides.
    pub fn linear(low: f64, high: f64) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
        if low < high {
            return Self { low, high, log: false };
        }
        let room = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
        Self { low: low - room, high: low + room, log: false }
    }

    /// A linear scale whose ends are grid lines.
    pub fn rounded(low: f64, high: f64) -> Self {
        let scale = Self::linear(low, high);
        let step = step(scale.high - scale.low, 4);
        Self { low: (scale.low / step).floor() * step, high: (scale.high / step).ceil() * step, log: false }
    }

    /// A logarithmic scale; falls back to a linear one when the range touches zero.
    pub fn log(low: f64, high: f64) -> Self {
        if !(low > 0.0 && high.is_finite()) {
            return Self::rounded(low, high);
        }
        let room = if low < high { 1.0 } else { 2.0 };
        Self { low: low / 1.1 / room, high: high * 1.1 * room, log: true }
    }

    /// Whether distances are ratios.
    pub fn is_log(&self) -> bool {
        self.log
    }

    /// Where a value lies: 0 at the low end, 1 at the high end. None for what the scale cannot show.
    pub fn position(&self, value: f64) -> Option<f64> {
        let of = |value: f64| if self.log { value.log10() } else { value };
        let position = (of(value) - of(self.low)) / (of(self.high) - of(self.low));
        position.is_finite().then_some(position)
    }

    /// Both ends.
    pub fn range(&self) -> (f64, f64) {
        (self.low, self.high)
    }

    /// Values of the grid lines, about `wanted` of them. Logarithmic scales below three decades use 1, 2 and 5.
    pub fn ticks(&self, wanted: usize) -> Vec<f64> {
        if self.log {
            return self.log_ticks();
        }
        let step = step(self.high - self.low, wanted);
        let first = (self.low / step - 1e-9).ceil();
        (0..=20)
            .map(|nth| (first + f64::from(nth)) * step)
            .take_while(|tick| *tick <= self.high + step * 1e-9)
            // Multiples of a step that has no exact binary form: 0.30000000000000004.
            .map(|tick| if tick.abs() < step * 1e-9 { 0.0 } else { tick })
            .collect()
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let steps: &[f64] = if decades < 3.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let every = (decades / 6.0).ceil().max(1.0) as i32;
        let (first, last) = (self.low.log10().floor() as i32, self.high.log10().ceil() as i32);
        (first..=last)
            .filter(|exponent| exponent.rem_euclid(every) == 0)
            .flat_map(|exponent| steps.iter().map(move |step| step * 10_f64.powi(exponent)))
            .filter(|tick| (self.low..=self.high).contains(tick))
            .take(20)
            .collect()
    }
}

/// A step of 1, 2, 2.5 or 5 times a power of ten that divides `range` into about `wanted` parts.
fn step(range: f64, wanted: usize) -> f64 {
    let rough = range / wanted.max(1) as f64;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough * 0.999);
    match step {
        Some(step) if step.is_finite() && step > 0.0 => step,
        _ => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_round() {
        assert_eq!(Scale::rounded(0.03, 0.91).ticks(4), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert_eq!(Scale::linear(0.0, 120.0).ticks(6), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0, 120.0]);
        assert_eq!(Scale::rounded(5.0, 5.0).ticks(4).len(), 5, "a constant has room around it");
        assert!(Scale::rounded(f64::NAN, f64::INFINITY).ticks(4).len() > 2);
        assert!(!Scale::linear(f64::MIN, f64::MAX).ticks(4).is_empty());
    }

    #[test]
    fn log_grids_follow_decades() {
        assert_eq!(Scale::log(0.05, 3.1).ticks(4), [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]);
        assert_eq!(Scale::log(1e-6, 1.0).ticks(4), [1e-6, 1e-4, 1e-2, 1.0]);
        assert!(!Scale::log(0.0, 1.0).is_log(), "zero has no place on a logarithmic axis");
    }

    #[test]
    fn positions_run_from_zero_to_one() {
        let scale = Scale::linear(10.0, 20.0);
        assert_eq!(scale.position(15.0), Some(0.5));
        assert_eq!(scale.position(f64::NAN), None);
        let log = Scale::log(1.0, 100.0);
        assert!(log.position(10.0).is_some_and(|middle| (middle - 0.5).abs() < 1e-9));
        assert_eq!(log.position(-1.0), None);
    }
}
