import Quell

/// The windows of a text that a model is calibrated on.
public enum CalibrationWindows {
  /// At most so many tokens of a text, in windows that are spread evenly over it; all where there are no more, and one window at least.
  public static func spread(_ windows: [ArraySlice<UInt32>], tokens: Int) -> [ArraySlice<UInt32>] {
    let total = windows.reduce(0) { $0 + $1.count - 1 }
    guard tokens < total else { return windows }
    var taken = 0
    var passed = 0
    let spread = windows.filter { window in
      passed += window.count - 1
      // As many as a line from nothing to all of the tokens has reached at the end of the window.
      guard taken + window.count - 1 <= (passed * tokens + total - 1) / total else { return false }
      taken += window.count - 1
      return true
    }
    return spread.isEmpty ? Array(windows.prefix(1)) : spread
  }

  /// Tells texts apart.
  public static func fingerprint(_ windows: [ArraySlice<UInt32>]) -> UInt64 {
    var hash = FNVHash()
    for window in windows {
      hash.combine(UInt32(truncatingIfNeeded: window.count))
      for token in window { hash.combine(token) }
    }
    return hash.value
  }
}
