import QuellDrawing

/// What a sweep has measured as figures.
enum SweepFigures {
  /// How much the loss rises with the sparsity: a line for each method, in the order in which they were measured.
  static func curves(_ document: SweepDocument) -> String {
    let title = "Loss increase of \(document.subject.model) over sparsity"
    var drawing = SVGDrawing(width: 760, height: 440, title: title)
    drawing.text(title, x: 20, y: 26, size: 15, bold: true)
    drawing.text(subtitle(document), x: 20, y: 44, size: 12, color: "#555555")
    let lines = methods(document).map { method in
      LineChart.Line(
        method.rawValue,
        points: document.points.filter { $0.method == method }.sorted { $0.sparsity < $1.sparsity }.map { point in
          let hint =
            "\(method.rawValue), \(Figures.fixed(point.target, 4)): \(Percentage(point.sparsity)) sparse, "
            + "\(Figures.signed(point.lossIncrease, 4)) ± \(Figures.fixed(point.lossIncreaseStandardError, 4)) nats"
          return .init(x: 100 * point.sparsity, y: point.lossIncrease, hint: hint)
        })
    }
    LineChart(
      title: "loss increase, nats per token", caption: "multiply-accumulates skipped, head apart, %", lines: lines,
      landmark: (100 * document.dense.sparsity, "natural zeros")
    ).draw(into: &drawing, x: 20, y: 56, width: 720, height: 370)
    return drawing.document
  }

  /// How sparse each site is, by kind and block: a map for each method, at the target that is nearest to a sparsity.
  static func sites(_ document: SweepDocument, at sparsity: Double) -> String {
    let kinds = unique(document.sites.map(\.kind))
    let layers = unique(document.sites.map(\.layer))
    var places: [String: Int] = [:]
    for (index, site) in document.sites.enumerated() { places["\(site.kind) \(site.layer ?? -1)"] = index }
    func map(_ title: String, _ fractions: [Double]) -> HeatMap {
      HeatMap(
        title: title, caption: "block", rows: kinds, columns: layers.map { $0.map(String.init) ?? "" },
        fractions: kinds.map { kind in layers.map { layer in places["\(kind) \(layer ?? -1)"].map { fractions[$0] } } })
    }
    var maps = [map("natural zeros: \(Percentage(document.dense.sparsity)) sparse", document.dense.siteSparsity)]
    for method in methods(document) {
      let points = document.points.filter { $0.method == method }
      guard let point = points.min(by: { abs($0.sparsity - sparsity) < abs($1.sparsity - sparsity) }) else { continue }
      maps.append(
        map(
          "\(method.rawValue): \(Percentage(point.sparsity)) sparse, \(Figures.signed(point.lossIncrease, 4)) nats", point.siteSparsity))
    }
    // Characters of this size are at most 7 wide.
    let margin = 7 * Double(kinds.map(\.count).max() ?? 0)
    let width = max(margin + HeatMap.field.width * Double(layers.count) + 60, 460)
    let title = "Quiet inputs of \(document.subject.model) by site and block, %"
    var drawing = SVGDrawing(width: width, height: 56 + maps.reduce(0) { $0 + $1.height + 12 }, title: title)
    drawing.text(title, x: 20, y: 26, size: 15, bold: true)
    drawing.text(subtitle(document), x: 20, y: 44, size: 12, color: "#555555")
    var top = 56.0
    for map in maps {
      map.draw(into: &drawing, x: 20, y: top, margin: margin)
      top += map.height + 12
    }
    return drawing.document
  }

  private static func subtitle(_ document: SweepDocument) -> String {
    let subject = document.subject
    let weights = subject.weights == WeightOption.source.rawValue ? "" : ", weights in \(subject.weights)"
    return "calibrated on \(subject.calibrationTokens) tokens, evaluated on \(subject.evaluationTokens)\(weights)"
  }

  private static func methods(_ document: SweepDocument) -> [CalibrationMethod] { unique(document.points.map(\.method)) }

  /// Every element where it comes first.
  private static func unique<Element: Hashable>(_ elements: [Element]) -> [Element] {
    var seen: Set<Element> = []
    return elements.filter { seen.insert($0).inserted }
  }
}
