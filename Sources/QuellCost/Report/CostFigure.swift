import Quell
import QuellDrawing

/// A report as a figure: energy and latency, stacked by part, what is skipped beside what is not.
public enum CostFigure {
  /// The figure as an SVG document.
  public static func document(_ report: CostReport) -> String {
    // Where nothing but sites is priced, what they feed says more than the one component.
    let isOnlySites = report.model.execution.components.isSubset(of: [.linear, .head])
    let rows = report.rows(by: isOnlySites ? .kind : .component)
    let cases = Array(report.cases.reversed())
    let names = rows.map(\.name)
    var drawing = SVGDrawing(width: 760, height: 380, title: "Cost of \(report.subject.name) on \(report.model.device.name)")
    drawing.text("\(report.subject.name) on \(report.model.device.name), per token", x: 20, y: 26, size: 15, bold: true)
    drawing.text(CostReport.caution, x: 20, y: 44, size: 12, color: "#555555")
    func bars(_ quantity: KeyPath<CostQuantities, Double>) -> [StackedBars.Bar] {
      cases.map { which in StackedBars.Bar(which.rawValue, parts: rows.map { $0.cases[which]?[keyPath: quantity] ?? 0 }) }
    }
    StackedBars(title: "energy", unit: "uJ", bars: bars(\.energyUj))
      .draw(into: &drawing, x: 20, y: 60, width: 260, height: 300, parts: names)
    StackedBars(title: "latency", unit: "ms", bars: bars(\.latencyMs))
      .draw(into: &drawing, x: 300, y: 60, width: 260, height: 300, parts: names)
    StackedBars.drawLegend(into: &drawing, x: 585, y: 94, parts: names)
    return drawing.document
  }
}
