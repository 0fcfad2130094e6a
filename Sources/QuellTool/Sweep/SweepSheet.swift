/// What a sweep has measured as comma-separated values: a line for the dense model and for each point, with a column for each site.
enum SweepSheet {
  static func text(_ document: SweepDocument) -> String {
    let columns = ["method", "target", "sparsity", "loss", "loss_increase", "loss_increase_standard_error", "calibration_seconds"]
    let dense = document.dense
    var lines = [columns + document.sites.map { quoted($0.name) }]
    lines.append(["dense", "", "\(dense.sparsity)", "\(dense.loss)", "0", "0", ""] + dense.siteSparsity.map { "\($0)" })
    for point in document.points {
      let numbers = [
        point.target, point.sparsity, point.loss, point.lossIncrease, point.lossIncreaseStandardError, point.calibrationSeconds,
      ]
      lines.append([point.method.rawValue] + (numbers + point.siteSparsity).map { "\($0)" })
    }
    return lines.map { $0.joined(separator: ",") + "\n" }.joined()
  }

  /// A name as one field.
  private static func quoted(_ name: String) -> String {
    guard name.contains(where: { ",\"\n\r".contains($0) }) else { return name }
    return "\"" + name.replacing("\"", with: "\"\"") + "\""
  }
}
