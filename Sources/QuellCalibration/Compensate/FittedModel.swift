import Quell
import QuellImport

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

/// A model whose weights can be changed in place while it is evaluated: a file of its own, in the form that `writeFittableModel` gives,
/// mapped for writing.
///
/// No session may run while weights are changed. The file is removed when the object goes.
final class FittedModel {
  /// A linear operation whose weights can be changed.
  struct Fitted {
    /// One row for each input of the site.
    let weights: UnsafeMutablePointer<Float>
    let bias: UnsafeMutablePointer<Float>
    let outputs: Int
    /// What becomes of the outputs next, each by itself.
    let activation: Activation
  }

  let path: String
  let model: Model
  /// By site; none for sites that stay as they are.
  let linears: [[Fitted]]
  /// By site; nil where there is none.
  let centres: [UnsafeMutablePointer<Float>?]
  private let bytes: UnsafeMutableRawBufferPointer

  /// Writes the model at a path again to another one, for fitting. Sites in `centredSites` get a centre.
  init(copying original: String, to path: String, centredSites: Set<Int>, progress: @escaping (Int, Int) -> Bool) throws {
    self.path = path
    try writeFittableModel(from: original, to: path, centredSites: centredSites, progress: progress)
    do {
      bytes = try FittedModel.map(path)
    } catch {
      unlink(path)
      throw error
    }
    do {
      model = try Model(bytes: UnsafeRawBufferPointer(bytes))
    } catch {
      munmap(bytes.baseAddress!, bytes.count)
      unlink(path)
      throw error
    }
    let places = Places(model, bytes.baseAddress!)
    linears = model.sites.indices.map { places.linears(of: $0) }
    centres = model.sites.map { places.vector(named: $0.name + ".centre") }
  }

  deinit {
    munmap(bytes.baseAddress!, bytes.count)
    unlink(path)
  }

  /// Lets the system have the memory of what has been read and written of the file: what is used again comes back from its cache.
  func releaseMemory() { madvise(bytes.baseAddress!, bytes.count, MADV_DONTNEED) }

  private static func map(_ path: String) throws -> UnsafeMutableRawBufferPointer {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { throw CompensationFailure("\(path) cannot be opened: \(String(cString: strerror(errno)))") }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0,
      let base = mmap(nil, Int(status.st_size), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), base != MAP_FAILED
    else { throw CompensationFailure("\(path) cannot be mapped: \(String(cString: strerror(errno)))") }
    return UnsafeMutableRawBufferPointer(start: base, count: Int(status.st_size))
  }
}

/// Why weights cannot be fitted.
public struct CompensationFailure: Error, CustomStringConvertible {
  /// The reason, for people.
  public let description: String

  init(_ description: String) { self.description = description }
}

/// Where a fittable model has its weights.
private struct Places {
  private let base: UnsafeMutableRawPointer
  private let model: Model
  private let tensors: [TensorDescription]
  private let ranges: [Range<Int>]
  private let values: [Value]
  private let operations: [Quell.Operation]

  init(_ model: Model, _ base: UnsafeMutableRawPointer) {
    self.base = base
    self.model = model
    (tensors, ranges, values, operations) = (model.tensors, model.tensorRanges, model.values, model.operations)
  }

  func vector(named name: String) -> UnsafeMutablePointer<Float>? {
    tensors.firstIndex { $0.name == name }.map { tensor($0) }
  }

  private func tensor(_ number: Int) -> UnsafeMutablePointer<Float> {
    (base + ranges[number].lowerBound).assumingMemoryBound(to: Float.self)
  }

  /// The linear operations of a site; none where one of them has no bias or weights of its own.
  func linears(of site: Int) -> [FittedModel.Fitted] {
    var found: [FittedModel.Fitted] = []
    var isOfSite = false
    for (index, operation) in operations.enumerated() {
      if case .events(let number, _) = operation { isOfSite = number == site }
      guard isOfSite, case .linear(let matrix, let layout, let bias, _, let result) = operation else { continue }
      guard !model.sites[site].isHead, layout == .inputMajor, let bias, tensors[matrix].format == .f32 else { return [] }
      found.append(
        FittedModel.Fitted(
          weights: tensor(matrix), bias: tensor(values[bias].offset), outputs: tensors[matrix].columns,
          activation: activation(of: result, after: index)))
    }
    return found
  }

  /// What the first operation to read a vector makes of it.
  private func activation(of result: Int, after index: Int) -> Activation {
    var rectified: Int?
    for operation in operations[(index + 1)...] {
      var isReader = false
      operation.forEachValue { value, isWrite in
        if !isWrite, values[value] == values[rectified ?? result] { isReader = true }
      }
      guard isReader else { continue }
      switch operation {
      case .unary(.relu, _, let next) where rectified == nil: rectified = next
      case .binary(.multiply, let left, let right, _) where rectified != nil && values[left] == values[right]: return .squaredRelu
      default: return rectified == nil ? .none : .relu
      }
    }
    return rectified == nil ? .none : .relu
  }
}
