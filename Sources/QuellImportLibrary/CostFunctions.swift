import CQuell
import CQuellImport
import Quell
import QuellCost

// MARK: Cost

/// What a model costs on a device, token by token: modelled, not measured. Gives the JSON document of the command `quell cost --json`.
///
/// The model runs over the tokens, which begin with nothing remembered, once with thresholds and once without. Thread: any.
///
/// - Parameters:
///   - path: the model file, in UTF-8 ended by a zero byte.
///   - device: the profile of a device as JSON, or the name of one that comes with Quell.
///   - tokens: token ids below the vocabulary size, no more than the model has positions.
///   - count: how many.
///   - thresholds: one for each site of the model, or null for the model's own.
///   - options: null for what the profile says.
///   - receive: called once, before this function returns, with the document, which is gone afterwards.
///   - user: handed to `receive` as it is.
///   - error: null, or where the reason of a failure goes.
/// - Returns: `QUELL_OK`; `QUELL_FILE_UNREADABLE`; `QUELL_MALFORMED` for a file or a profile; `QUELL_UNSUPPORTED` where work has no
///   price; `QUELL_INVALID_ARGUMENT`, `QUELL_TOKEN_OUT_OF_RANGE`, `QUELL_CONTEXT_FULL`.
@c public func quell_import_cost(
  _ path: UnsafePointer<CChar>?, _ device: UnsafePointer<CChar>?, _ tokens: UnsafePointer<UInt32>?, _ count: UInt64,
  _ thresholds: UnsafePointer<Float>?, _ options: UnsafePointer<quell_import_cost_options>?, _ receive: quell_import_receiver?,
  _ user: UnsafeMutableRawPointer?, _ error: UnsafeMutablePointer<quell_error>?
) -> quell_status {
  report(to: error) { () throws(Refusal) in
    guard let path, let device, let receive, let tokens, count > 0, count <= UInt64(UInt32.max) else {
      throw Refusal(QUELL_INVALID_ARGUMENT, "the path, the device, the tokens or the receiver is null, or there are no tokens")
    }
    let bytes = try refusing { () throws in
      try costDocument(
        path: String(cString: path), device: String(cString: device),
        tokens: Array(UnsafeBufferPointer(start: tokens, count: Int(count))), thresholds: thresholds, options: known(options))
    }
    bytes.withUnsafeBytes { receive($0.baseAddress?.assumingMemoryBound(to: CChar.self), UInt64($0.count), user) }
  }
}

private func costDocument(
  path: String, device: String, tokens: [UInt32], thresholds: UnsafePointer<Float>?, options: CostOptions
) throws -> [UInt8] {
  let device = try Device(profile: ShippedDevices.text(named: device) ?? Array(device.utf8))
  let execution = Execution(
    on: device, including: try Component.list(options.include, "include"), excluding: try Component.list(options.exclude, "exclude"),
    groupsEvents: !options.isUngrouped, cores: options.cores, isPipelined: options.isPipelined)
  let model = try Model(path: path)
  // A model without a limit would need one only for a cache, which such a model has not.
  let measurement = try CostMeasurement(
    model, thresholds: thresholds.map { Array(UnsafeBufferPointer(start: $0, count: model.sites.count)) }, for: device)
  try measurement.take(tokens)
  var subject = measurement.subject(
    name: model.name, fingerprint: fingerprintDigits(model.fingerprint), thresholds: thresholds == nil ? "the model's own" : "given")
  if let weights = options.weights { subject.outline = subject.outline.storing(weights) }
  return try CostDocument(CostReport(subject, on: device, execution)).encoded()
}

/// What a caller asks for.
private struct CostOptions {
  var weights: WeightFormat?
  var include: [String] = []
  var exclude: [String] = []
  var cores: Int?
  var isUngrouped = false
  var isPipelined = false
}

private func known(_ given: UnsafePointer<quell_import_cost_options>?) throws -> CostOptions {
  guard let given else { return CostOptions() }
  guard Int(given.pointee.struct_size) == MemoryLayout<quell_import_cost_options>.size else {
    throw Refusal(QUELL_INVALID_ARGUMENT, "the options have a struct_size of \(given.pointee.struct_size); set it to sizeof the structure")
  }
  func list(_ names: UnsafePointer<CChar>?) -> [String] {
    names.map { String(cString: $0).split(separator: ",").map { String($0) } } ?? []
  }
  var options = CostOptions(
    include: list(given.pointee.include), exclude: list(given.pointee.exclude),
    cores: given.pointee.cores == 0 ? nil : Int(given.pointee.cores),
    isUngrouped: given.pointee.ungrouped != 0, isPipelined: given.pointee.pipelined != 0)
  if let name = given.pointee.weights.map({ String(cString: $0) }) {
    guard let format = WeightFormat.allCases.first(where: { "\($0)" == name }) else {
      throw Refusal(QUELL_INVALID_ARGUMENT, "'\(name)' is no type of weights; known: f32, f16, bf16, int8, int4")
    }
    options.weights = format
  }
  return options
}

/// Runs work whose failures are of several kinds.
private func refusing<Result>(_ work: () throws -> Result) throws(Refusal) -> Result {
  do {
    return try work()
  } catch let refusal as Refusal {
    throw refusal
  } catch let failure as Failure {
    throw Refusal(Int(failure.status), failure.description)
  } catch let failure as CostFailure {
    throw Refusal(failure.kind == .malformed ? QUELL_MALFORMED : QUELL_UNSUPPORTED, failure.description)
  } catch {
    throw Refusal(QUELL_UNSUPPORTED, "\(error)")
  }
}
